/**
 * Listening in on methods, and replacing them, from outside.
 *
 * A patched instance shadows its class's method; a patched prototype changes all its instances until
 * the returned function is called.
 */

type Method = (...args: never[]) => unknown;
type MethodName<T> = {
  [K in keyof T]: T[K] extends Method ? K : never;
}[keyof T];
type MethodOf<T, K extends keyof T> = T[K] extends Method ? T[K] : never;
type AnyMethod = (...args: unknown[]) => unknown;

function define(target: object, name: PropertyKey, value: AnyMethod): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** Calls `listener` with the arguments of every call, before it happens. */
export function before<T extends object, K extends MethodName<T>>(
  target: T,
  name: K,
  listener: (...args: Parameters<MethodOf<T, K>>) => void,
): void {
  const original = target[name] as unknown as AnyMethod;
  const listen = listener as unknown as AnyMethod;
  define(target, name, function (this: unknown, ...args: unknown[]): unknown {
    listen(...args);
    return original.apply(this, args);
  });
}

/** Calls `listener` after every call. */
export function after<T extends object, K extends MethodName<T>>(
  target: T,
  name: K,
  listener: (...args: Parameters<MethodOf<T, K>>) => void,
): void {
  const original = target[name] as unknown as AnyMethod;
  const listen = listener as unknown as AnyMethod;
  define(target, name, function (this: unknown, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    listen(...args);
    return result;
  });
}

type Replacement<M extends Method> = (
  original: (...args: Parameters<M>) => ReturnType<M>,
  self: unknown,
) => (...args: Parameters<M>) => ReturnType<M>;

/**
 * Puts another method in place of one.
 *
 * @param make gets the original, bound to the object of the call
 * @returns what undoes it
 */
export function replace<T extends object, K extends MethodName<T>>(
  target: T,
  name: K,
  make: Replacement<MethodOf<T, K>>,
): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const original = target[name] as unknown as AnyMethod;
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    const bound = (...given: unknown[]): unknown => original.apply(this, given);
    const made = make(bound as never, this);
    return (made as unknown as AnyMethod)(...args);
  };
  define(target, name, replacement);
  return () => {
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}

/** Puts a getter in place of one, on a prototype. @returns what undoes it */
export function replaceGetter<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  get: (self: T) => T[K],
): () => void {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: T) {
      return get(this);
    },
  });
  return () => {
    if (own !== undefined) Object.defineProperty(prototype, name, own);
  };
}
