/**
 * The readable reference for the ladder queue: a 4-ary heap of events in (time, insertion) order,
 * with a position for each event so that any of them can be removed.
 *
 * Same verbs as `LadderQueue` where tests and benchmarks need them; also the yardstick of the
 * benchmark that compares both.
 */
export class IndexedHeap {
  private times = new Float64Array(1024);
  private orders = new Float64Array(1024);
  private positions = new Int32Array(1024);
  private heap = new Int32Array(1024);
  private freeIds: number[] = [];
  private usedIds = 0;
  private inserted = 0;
  size = 0;

  push(timeNs: number): number {
    const id = this.freeIds.length > 0 ? this.freeIds.pop()! : this.usedIds++;
    if (id === this.times.length) this.grow();
    this.times[id] = timeNs;
    this.orders[id] = this.inserted++;
    this.siftUp(this.size++, id);
    return id;
  }

  first(): number {
    return this.size > 0 ? this.heap[0]! : -1;
  }

  timeOf(id: number): number {
    return this.times[id]!;
  }

  remove(id: number): void {
    const position = this.positions[id]!;
    const moved = this.heap[--this.size]!;
    this.freeIds.push(id);
    if (moved === id) return;
    if (position > 0 && this.isBefore(moved, this.heap[(position - 1) >> 2]!)) {
      this.siftUp(position, moved);
    } else {
      this.siftDown(position, moved);
    }
  }

  private isBefore(a: number, b: number): boolean {
    const difference = this.times[a]! - this.times[b]!;
    return difference < 0 || (difference === 0 && this.orders[a]! < this.orders[b]!);
  }

  private place(position: number, id: number): void {
    this.heap[position] = id;
    this.positions[id] = position;
  }

  private siftUp(start: number, id: number): void {
    let position = start;
    while (position > 0) {
      const parent = (position - 1) >> 2;
      if (!this.isBefore(id, this.heap[parent]!)) break;
      this.place(position, this.heap[parent]!);
      position = parent;
    }
    this.place(position, id);
  }

  private siftDown(start: number, id: number): void {
    let position = start;
    for (;;) {
      const firstChild = 4 * position + 1;
      if (firstChild >= this.size) break;
      const endChild = Math.min(firstChild + 4, this.size);
      let best = firstChild;
      for (let child = firstChild + 1; child < endChild; child++) {
        if (this.isBefore(this.heap[child]!, this.heap[best]!)) best = child;
      }
      if (!this.isBefore(this.heap[best]!, id)) break;
      this.place(position, this.heap[best]!);
      position = best;
    }
    this.place(position, id);
  }

  private grow(): void {
    const doubled = <A extends Float64Array | Int32Array>(column: A, fresh: A): A => {
      fresh.set(column);
      return fresh;
    };
    const rows = 2 * this.times.length;
    this.times = doubled(this.times, new Float64Array(rows));
    this.orders = doubled(this.orders, new Float64Array(rows));
    this.positions = doubled(this.positions, new Int32Array(rows));
    this.heap = doubled(this.heap, new Int32Array(rows));
  }
}
