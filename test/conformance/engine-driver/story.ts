/**
 * What a story is: a mesh, upstreams that follow a script, a client that follows a script, and what
 * must be seen. The same data is played by the virtual and by the real driver.
 */
import type { MeshStory } from './mesh-config.ts';

/** A body: text, or so many bytes of no meaning. */
export type BodyStory = string | { readonly bytes: number };

/** What an upstream does with one request. In the order of the keys. */
export interface Behaviour {
  /** Reads the request body only once the client opened this gate. */
  readonly readAfter?: string;
  /** Does not wait for the end of the request before it answers. */
  readonly answersEarly?: boolean;
  /** Waits before it answers. */
  readonly delayMs?: number;
  /** Answers only once the client opened this gate. */
  readonly answerAfter?: string;
  readonly neverAnswers?: boolean;
  /** Instead of answering: the connection is reset. */
  readonly resets?: boolean;
  readonly informational?: readonly number[];
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyStory;
  /** Announces the length of the body instead of sending chunks. */
  readonly announcesLength?: boolean;
  /** Sends only this part of the body and then nothing more. */
  readonly stopsAfterBytes?: number;
  /** Ends the connection after this part of the body, which is then cut off. */
  readonly cutAfterBytes?: number;
  readonly trailers?: Readonly<Record<string, string>>;
  /** Says `connection: close` and closes. */
  readonly closes?: boolean;
}

/** An endpoint: its behaviours by order of arrival, the last one for all that follow. */
export interface UpstreamStory {
  readonly script?: readonly Behaviour[];
  /** Nothing listens there. */
  readonly refuses?: boolean;
}

/** A request of the client. */
export interface SendStory {
  readonly id: string;
  /** Default GET. */
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyStory;
  readonly announcesLength?: boolean;
  readonly trailers?: Readonly<Record<string, string>>;
  /** Sends the head and, of the body, only as much; the rest never, or once `continueAfter` opens. */
  readonly stopsAfterBytes?: number;
  readonly continueAfter?: string;
  /** Reads the response body only once this gate was opened. */
  readonly readAfter?: string;
  /** Requests of one name share a connection, one after another. */
  readonly connection?: string;
}

/** One thing that the client does; the next follows when it is done. */
export type Step =
  | { readonly do: 'send'; readonly request: SendStory }
  /** Until the response of this request is complete, cut off, or its connection failed. */
  | { readonly do: 'await'; readonly id: string }
  /** `send` and `await`. */
  | { readonly do: 'call'; readonly request: SendStory }
  | { readonly do: 'open'; readonly gate: string }
  /** Until upstreams have seen so many request heads in all. */
  | { readonly do: 'await-upstream'; readonly requests: number }
  /** Until the engine has started so many attempts in all. */
  | { readonly do: 'await-attempts'; readonly attempts: number }
  /** Until the client cannot send on, because the proxy stopped reading. */
  | { readonly do: 'await-blocked'; readonly id: string }
  /** Until an upstream cannot send on, because the proxy stopped reading. */
  | { readonly do: 'await-upstream-blocked' }
  | { readonly do: 'sleep'; readonly ms: number }
  /** The client goes away. */
  | { readonly do: 'abort'; readonly id: string };

/** What a story must show, in both drivers. Absent = not looked at beyond equality. */
export interface Expected {
  /** `status`, or `status details`, or `cut`, `failed`, `aborted` by request id. */
  readonly client?: Readonly<Record<string, string>>;
  /** `flags details attempts` of the access log, by request id. */
  readonly log?: Readonly<Record<string, string>>;
  /** Requests seen, by endpoint. */
  readonly upstreams?: Readonly<Record<string, number>>;
  /** Decisions that must be among those of the request, in this order. */
  readonly decisions?: Readonly<Record<string, readonly string[]>>;
  /** Ejections and returns, in order: `ejected a`, `unejected a`. */
  readonly ejections?: readonly string[];
}

export interface Story {
  readonly name: string;
  readonly mesh: MeshStory;
  readonly upstreams: Readonly<Record<string, UpstreamStory>>;
  readonly steps: readonly Step[];
  readonly expect: Expected;
  /** Most bytes that the proxy may hold, over what it held before. */
  readonly memoryLimitBytes?: number;
  /**
   * Parts of the observation that depend on what the network loses, such as the bytes of a body that
   * a reset overtook: compared neither between drivers.
   */
  readonly unpredictable?: readonly ('clientBody' | 'upstreamBody' | 'connections')[];
}
