/** Owns finding a value by its path in what somebody sent: `$.worker.email`, `items[]`, `rows[0].id`, `["Work date"]`. */

/** A path as it was entered; null where it is none. `[]` at the end of a list's path may be left out. */
export function pathOf(text: string): readonly (string | number)[] | null {
  const steps: (string | number)[] = [];
  const step = /^(?:\.?([\p{L}\p{N}_ -]+)|\[(\d{1,6})\]|\["([^"\]]+)"\]|\[\])/u;
  let rest = text.trim().replace(/^\$\.?/, '');
  while (rest !== '') {
    const found = step.exec(rest);
    if (!found || steps.length >= mostSteps) return null;
    const [whole, name, index, quoted] = found;
    if (index !== undefined) steps.push(Number(index));
    else if (name !== undefined || quoted !== undefined) steps.push((quoted ?? name!).trim());
    rest = rest.slice(whole.length);
  }
  return steps;
}
const mostSteps = 20;

/** Undefined where there is nothing. Only own fields count: `constructor` is nobody's data. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}
