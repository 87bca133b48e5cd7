/**
 * Places of what a request begets, for `childUid`: no two of its children share a uid.
 *
 * Its attempts have places from 1; the request table holds 16 bits of their number.
 */

/** Copies for mirrors follow, by their number. */
export const FIRST_COPY = 0x10000;
/** Calls that filters make. */
export const FIRST_CALL = 0x20000;
/** The turn after a redirect that the proxy follows. */
export const NEXT_TURN = 0x30000;
