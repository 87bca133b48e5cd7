/** All stories. */
import type { Story } from '../story.ts';
import { BODY_STORIES } from './bodies.ts';
import { CHANGE_STORIES } from './changes.ts';
import { FAILURE_STORIES } from './failures.ts';
import { LIMIT_STORIES } from './limits.ts';
import { ROUTING_STORIES } from './routing.ts';

export const STORIES: readonly Story[] = [
  ...ROUTING_STORIES,
  ...CHANGE_STORIES,
  ...FAILURE_STORIES,
  ...BODY_STORIES,
  ...LIMIT_STORIES,
];
