/** A JSON object whose fields must all be taken: what nobody asks for counts as a difference. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonMap = { readonly [key: string]: Json };

export class Fields {
  readonly #map: JsonMap;
  readonly #path: string;
  readonly #taken = new Set<string>();
  readonly #children: Fields[] = [];

  constructor(value: Json | undefined, path: string) {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#map = isMap ? (value as JsonMap) : {};
    this.#path = path;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#map, key);
  }

  keys(): readonly string[] {
    return Object.keys(this.#map);
  }

  take(key: string): Json | undefined {
    this.#taken.add(key);
    return this.#map[key];
  }

  /** Takes what is not compared, for the reason that stands beside the call. */
  leave(...keys: readonly string[]): void {
    for (const key of keys) this.#taken.add(key);
  }

  /** Takes what says nothing as long as it has this value. */
  leaveIf(key: string, value: Json): void {
    if (JSON.stringify(this.#map[key]) === JSON.stringify(value)) this.#taken.add(key);
  }

  text(key: string, otherwise = ''): string {
    return String(this.take(key) ?? otherwise);
  }

  number(key: string, otherwise: number): number {
    return Number(this.take(key) ?? otherwise);
  }

  /** Protocol buffers' JSON form of a duration, `1.5s`, in milliseconds. */
  milliseconds(key: string, otherwise: number): number {
    const text = this.take(key);
    return text === undefined ? otherwise : Math.round(Number.parseFloat(String(text)) * 1e6) / 1e3;
  }

  list(key: string): readonly Json[] {
    const value = this.take(key);
    return Array.isArray(value) ? value : [];
  }

  child(key: string): Fields {
    return this.#add(new Fields(this.take(key), `${this.#path}.${key}`));
  }

  children(key: string): readonly Fields[] {
    return this.list(key).map((item, index) =>
      this.#add(new Fields(item, `${this.#path}.${key}[${index}]`)),
    );
  }

  /** As `children`, for some items of the list. */
  childrenOf(key: string, items: readonly Json[]): readonly Fields[] {
    this.take(key);
    return items.map((item, index) =>
      this.#add(new Fields(item, `${this.#path}.${key}[${index}]`)),
    );
  }

  /** Paths and values of whatever was not taken. */
  rest(): readonly string[] {
    const own = Object.entries(this.#map)
      .filter(([key]) => !this.#taken.has(key))
      .map(([key, value]) => `${this.#path}.${key} = ${JSON.stringify(value)}`);
    return [...own, ...this.#children.flatMap((child) => child.rest())];
  }

  #add(child: Fields): Fields {
    this.#children.push(child);
    return child;
  }
}
