/** What the `kedge` command ends with. Scripts depend on these numbers: they never change their meaning. */
export const exitCode = {
  ok: 0,
  /** There was nothing to do, which is well. */
  nothing_to_do: 0,
  /** Not foreseen: a bug, or a machine that is broken. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A file or an answer is not what it should be. */
  bad_input: 3,
  /** Trust says no: a signature, a revocation, a rule of the repository. */
  refused: 4,
  unreachable: 5,
  no_space: 6,
  /** Another instance is at work. */
  locked: 7,
  not_running: 8,
  /** The update failed and the old version is live again. */
  rolled_back: 9,
  /** `agent run`: start it again, another release of the agent is live. As EX_TEMPFAIL of sysexits.h. */
  restart: 75,
} as const;
