/** The same type, writable while a decoder fills it in. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
