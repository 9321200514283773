import { attacks } from '../adversary/attacks.ts';
import type { Kit } from './play.ts';
import { openWorkshop } from './vendor.ts';

export async function openKit(): Promise<Kit> {
  // Whoever holds the channel's key can release for that channel: what a device takes from him proves nothing.
  return { workshop: await openWorkshop(), attacks: attacks.filter(({ loot }) => !loot.startsWith('the channel')) };
}
