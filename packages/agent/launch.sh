#!/bin/sh
# Starts the agent of a device: the release of it that is live there, or else the program beside this file.
#
#   kedge-agent FOLDER COMMAND ...    FOLDER as in the device's kedge.yaml
#
# It becomes that program. Exit code 75 asks to be started again, at once: another release is live.
set -eu
beside=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)/kedge-agent.cjs
program=$1/agent/current/kedge-agent.cjs
shift
[ -r "$program" ] || program=$beside
exec "${KEDGE_NODE:-node}" --disable-warning=ExperimentalWarning "$program" "$@"
