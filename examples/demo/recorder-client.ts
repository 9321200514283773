/** A person's client of the recorder. */

import { request } from 'node:http';
import { anything, list, object, optional, type Parser, parseJson, text } from '@kedge/core/parse';

const version = object({ version: text() });

/** @param url where the recorder listens */
export async function versionOf(url: string): Promise<string> {
  return parseJson(version, await ask(`${url}/version`), 'the version of the app').version;
}

export async function addRecording(url: string, title: string): Promise<void> {
  await query(
    url,
    `mutation { addRecording(title: ${JSON.stringify(title)}) { id } }`,
    object({ addRecording: anything }),
  );
}

/** Each row with these fields, oldest first. */
export async function recordings(url: string, fields: string): Promise<readonly unknown[]> {
  return (await query(url, `{ recordings { ${fields} } }`, object({ recordings: list(anything) }))).recordings;
}

async function query<T>(url: string, query: string, data: Parser<T>): Promise<T> {
  const answer = await ask(`${url}/graphql`, JSON.stringify({ query }));
  return parseJson(object({ data, errors: optional(anything) }), answer, `the answer to ${query}`).data;
}
function ask(url: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asking = request(url, { agent: false, method: body === undefined ? 'GET' : 'POST', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.once('end', () => resolve(text));
      answer.once('error', reject);
    });
    asking.once('error', reject);
    asking.end(body);
  });
}
