/**
 * What can happen next in a world: the kinds of kernel events and of turn entries.
 *
 * A kernel event happens later, a turn entry at the same instant, after the current engine input has
 * returned. `world.ts` handles every kind of either in one `switch`.
 */

/** Kinds of kernel events; the comment names what owner and slot mean. */
export const EventKind = {
  // slot: wire
  requestArrives: 0,
  responseArrives: 1,
  /** The near side's close reaches the far side. */
  closeArrives: 2,
  /** The far side's close or reset reaches the near side. */
  farCloseArrives: 3,
  dialEnds: 4,
  /** The sender has given up sending again. */
  deliveryFails: 5,
  // slot: wire; only where each delay is an event of its own
  requestOnLink: 6,
  requestOffLink: 7,
  responseOnLink: 8,
  responseOffLink: 9,
  /** slot: work row */
  workEnds: 10,
  /** slot: request */
  callTimesOut: 11,
  /** owner: client; the next of its arrivals */
  arrival: 12,
  /** owner: client; the next arrival that a load fault adds */
  extraArrival: 13,
  /** owner: client, slot: user */
  userReady: 14,
  /** owner: client; the number of users changes */
  usersChange: 15,
  /** slot: row of the client call */
  deadline: 16,
  /** slot: index of the action */
  action: 17,
  /** slot: host; it renews its certificate */
  renewal: 18,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** Engine timers follow: this plus the `TimerKind`; owner = proxy, slot = the timer's slot. */
export const FIRST_TIMER_KIND = 64;

/** Kinds of turn entries; the comment names the slot. */
export const TurnKind = {
  /** wire, from an inbound proxy to its application */
  requestReachesApp: 0,
  /** wire, likewise */
  closeReachesApp: 1,
  /** wire, likewise */
  connectedToApp: 2,
  /** wire */
  connectFails: 3,
  /** wire that the near side closed; the far side knows */
  closed: 4,
  /** stream whose connection the engine closed under it */
  streamReset: 5,
  /** request that the engine answered or reset, back at the application or client */
  answer: 6,
  /** request whose connection the engine closed under it */
  requestReset: 7,
  /** downstream connection that the engine closed */
  downstreamClosed: 8,
  /** work row that takes no time */
  workEnds: 9,
} as const;
export type TurnKind = (typeof TurnKind)[keyof typeof TurnKind];
