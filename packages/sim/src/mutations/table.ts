import { choice } from './choice.ts';
import { content } from './content.ts';
import { durability } from './durability.ts';
import type { Mutation } from './mutation.ts';
import { order } from './order.ts';
import { recovery } from './recovery.ts';
import { trust } from './trust.ts';

/** All of them. A name is what `--only` takes. */
export const mutations: readonly Mutation[] = [...durability, ...order, ...recovery, ...content, ...trust, ...choice];
