/** Owns asking a platform for its next page while the last one is being stored. */

/**
 * The same pages, one ahead. A page that fails is thrown when its turn comes; whoever stops early ends the source too.
 */
export async function* readAhead<Page>(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  const source = pages[Symbol.asyncIterator]();
  const ask = () => {
    const next = source.next();
    // Thrown where it is awaited; until then nobody has looked at it.
    next.catch(() => undefined);
    return next;
  };
  let coming = ask();
  try {
    for (;;) {
      const page = await coming;
      if (page.done) return;
      coming = ask();
      yield page.value;
    }
  } finally {
    await coming.catch(() => undefined);
    await source.return?.();
  }
}
