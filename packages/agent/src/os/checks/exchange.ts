/** One HTTP request of a check. Not `fetch`: it follows redirects, pools connections and takes 20 MB. */

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

const body_limit_bytes = 1_000_000;

export type Exchange = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  readonly signal: AbortSignal;
};

/** @throws on anything but an answer, and on one with a body over 1 MB */
export async function exchange(asked: Exchange): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await answerTo(asked);
  try {
    return { status: answer.statusCode ?? 0, text: await textOf(answer) };
  } finally {
    answer.destroy();
  }
}

/** Only the status: the body is not waited for. */
export async function statusOf(asked: Exchange): Promise<number> {
  const answer = await answerTo(asked);
  answer.destroy();
  return answer.statusCode ?? 0;
}

function answerTo({ method, url, headers = {}, body, signal }: Exchange): Promise<IncomingMessage> {
  const { protocol } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`"${url}" must begin with http:// or https://`);
  const request = protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, signal, agent: false }, resolve);
    asking.on('error', reject);
    asking.end(body);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length_bytes = 0;
  for await (const chunk of answer) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a body is read as bytes');
    length_bytes += chunk.length;
    if (length_bytes > body_limit_bytes) throw new Error(`the answer is longer than ${body_limit_bytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
