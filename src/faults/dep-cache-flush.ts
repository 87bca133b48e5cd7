/**
 * dep.cache-flush: answers vanish from caches, as when their nodes are replaced by empty ones.
 *
 * The flush itself is one instant, the start of the window. With `refill: false` nothing can be stored
 * until the window ends: what is fetched counts as invalid all the while. A shared cache is flushed
 * once; with a cache per instance each draws for itself. Source: surface.md §5.
 */
import type { FaultTarget } from '../core/fault-target.ts';
import type { ActiveFault, FaultContext, FaultKind, Selection } from './fault.ts';
import { flagOf, numberOf, textOf } from './parameters.ts';

export const DEP_CACHE_FLUSH: FaultKind = {
  kind: 'dep.cache-flush',
  group: 'dependency',
  summary: 'Empties the caches of the selected instances, in part or whole.',
  targets: 'hosts',
  parameters: [
    {
      name: 'share',
      unit: 'ratio',
      default: '100%',
      range: '0..1',
      summary: 'Share of the keys that are lost; each is drawn for itself.',
      source: 'surface.md §5 (fraction)',
    },
    {
      name: 'leaves',
      unit: 'enum',
      default: 'nothing',
      range: 'nothing|stale',
      summary: 'What is left of an answer: nothing, or a stale one, for `onError: stale`.',
      source: 'own',
    },
    {
      name: 'refill',
      unit: 'boolean',
      default: true,
      range: 'true|false',
      summary: 'Whether answers are stored during the window; false = they count as invalid.',
      source: 'own',
    },
  ],
  moves: { metric: 'services.cacheHitRatio', direction: 'down' },
  example: `- id: flush
  kind: dep.cache-flush
  target: { service: catalog }
  window: { at: 60s, duration: 1s }
  share: 25%`,

  apply(target: FaultTarget, selection: Selection, context: FaultContext): ActiveFault {
    const { parameters, draws, id, occurrence } = context;
    const keepsStale = textOf(parameters, 'leaves') === 'stale';
    const how = { share: numberOf(parameters, 'share'), keepsStale };
    const holds = !flagOf(parameters, 'refill');
    const stream = draws.stream(`fault/${id}/keys`);
    let struck = 0;
    for (const host of selection.hosts) {
      struck += target.hosts.flushCache(host, how, stream, occurrence);
      if (holds) target.hosts.holdCache(host);
    }
    target.strike(struck);
    return {
      revert: () => {
        if (holds) for (const host of selection.hosts) target.hosts.releaseCache(host);
      },
    };
  },
};
