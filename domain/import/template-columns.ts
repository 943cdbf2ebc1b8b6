/** Owns what stands in the braces of a key's template. */

/** The columns a template names in braces, in order. Apart from the mapping's schema, which no parsing thread should load. */
export function templateColumns(template: string): string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1]!.trim());
}
