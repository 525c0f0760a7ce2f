/** Rows under their titles, in columns as wide as their widest cell. */
export function formatTable(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const table = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
