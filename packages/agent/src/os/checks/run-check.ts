/** The checks of a manifest, asked on this device. */

import type { Check } from '@kedge/core/manifest';
import { cut } from '../../failure.ts';
import { expand, releaseVariables } from '../../placeholder.ts';
import type { CheckResult, Checks, LocalRelease } from '../../ports.ts';
import { environmentOf, expandedCommand, type Surroundings } from '../../service/environment.ts';
import { checkCommand } from './command.ts';
import { checkDns } from './dns.ts';
import { checkGraphql } from './graphql.ts';
import { checkHttp } from './http.ts';
import { checkInternet } from './internet.ts';
import { type Problem, reasonOf } from './problem.ts';
import { checkSqlite } from './sqlite.ts';
import { checkTcp } from './tcp.ts';

/** What an app answers goes into the journal and into reports. */
const detail_chars_max = 500;

export type LocalChecksOptions = Surroundings & {
  /** As `address` or `address:port`; those of the system when absent. */
  readonly dns_servers?: readonly string[];
};

export function localChecks(options: LocalChecksOptions): Checks {
  return {
    async run(check, release, signal) {
      try {
        const question = questionOf(check, release, options);
        return await answerTo(question, check.timeout_ms, signal);
      } catch (error) {
        // It cannot even be asked: a placeholder is not known.
        return failed(reasonOf(error));
      }
    },
  };
}

/** A check whose placeholders are filled in. */
type Question = {
  /** Begins the sentence that says what is wrong. */
  readonly subject: string;
  readonly ask: (signal: AbortSignal) => Problem | Promise<Problem>;
};

async function answerTo({ subject, ask }: Question, timeout_ms: number, given: AbortSignal): Promise<CheckResult> {
  const timeout = AbortSignal.timeout(timeout_ms);
  const signal = AbortSignal.any([given, timeout]);
  let problem: Problem;
  try {
    signal.throwIfAborted();
    problem = await ask(signal);
  } catch (error) {
    problem = `failed: ${reasonOf(error)}`;
  }
  if (problem === undefined) return { kind: 'passed' };
  if (timeout.aborted) return failed(`${subject} took longer than ${timeout_ms} ms`);
  if (given.aborted) return failed(`${subject} had not answered when it was given up`);
  return failed(`${subject} ${problem}`);
}

function questionOf(check: Check, release: LocalRelease, options: LocalChecksOptions): Question {
  const variables = releaseVariables(release, options.data_folder, options.variables);
  const fill = (template: string) => expand(template, variables);
  switch (check.kind) {
    case 'http': {
      const { status } = check;
      const url = fill(check.url);
      const contains = check.contains === undefined ? undefined : fill(check.contains);
      return { subject: `GET ${url}`, ask: (signal) => checkHttp({ url, status, contains }, signal) };
    }
    case 'graphql': {
      const url = fill(check.url);
      const query = fill(check.query);
      return { subject: `POST ${url}`, ask: (signal) => checkGraphql(url, query, signal) };
    }
    case 'tcp': {
      const address = fill(check.address);
      return { subject: `tcp ${address}`, ask: (signal) => checkTcp(address, signal) };
    }
    case 'sqlite': {
      const database = `${options.data_folder}/${check.path}`;
      return { subject: `database ${database}`, ask: () => checkSqlite(database) };
    }
    case 'dns': {
      const host = fill(check.host);
      const servers = options.dns_servers;
      return { subject: `name ${host}`, ask: (signal) => checkDns({ host, servers }, signal) };
    }
    case 'internet': {
      const urls = check.urls.map(fill);
      return { subject: 'internet', ask: (signal) => checkInternet(urls, signal) };
    }
    case 'command': {
      const command = expandedCommand(check.command, release, options);
      const run = { command, folder: release.folder, environment: environmentOf(release, options) };
      return { subject: `command ${command.join(' ')}`, ask: (signal) => checkCommand({ ...run, signal }) };
    }
    case 'repository':
      throw new Error('the agent itself asks its repository');
    default:
      return check satisfies never;
  }
}

function failed(detail: string): CheckResult {
  return { kind: 'failed', detail: cut(detail.replaceAll(/\s+/g, ' ').trim(), detail_chars_max) };
}
