import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { anything, list, object, parseJson, type Parser, text, integer, boolean } from '@kedge/core/parse';
import { errorCode } from '@kedge/core/ports';
import { afterEach, beforeEach, expect, test } from 'vitest';
