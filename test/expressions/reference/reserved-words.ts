/**
 * Words of "Reserved words in DynamoDB" that the generator writes; of all others it writes none. The whole list is compared with the
 * documentation's in services/shared/expression.
 */
export const RESERVED: readonly string[] = [
  ...[
    'ABORT',
    'ADD',
    'AND',
    'BETWEEN',
    'BY',
    'CONSTRUCTOR',
    'COUNT',
    'DATA',
    'DATE',
    'DELETE',
    'EXISTS',
    'FLATTERN',
    'GROUP',
    'HASH',
    'IN',
    'ITEM',
  ],
  ...['KEY', 'LEVEL', 'LIST', 'MAP', 'NAME', 'NOT', 'NULL', 'OR', 'RANGE', 'SET', 'SIZE', 'STATUS', 'TTL', 'VALUE', 'ZONE'],
];

export function isReserved(word: string): boolean {
  return RESERVED.includes(word.toUpperCase());
}
