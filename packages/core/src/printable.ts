/**
 * Words from outside end up in logs and on screens: they neither leave their line, nor fill it, nor turn it round.
 * @returns at most `length_max` characters
 */
export function printable(text: string, length_max: number): string {
  const line = text
    .slice(0, length_max)
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  return text.length <= length_max && line.length <= length_max ? line : `${line.slice(0, length_max - 3)}...`;
}
