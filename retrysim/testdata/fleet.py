"""The scenario of BenchmarkRun in Python, to compare speeds.

    python3 fleet.py CLIENTS SECONDS [rebuild]

Events are tuples in a heap, and everything is in local variables of one function: about as fast as Python is. With
"rebuild" the heap is rebuilt at each event, as published simulators of backoff do. Prints calls, attempts and successes.
"""

import math
import random
import sys
from collections import deque
from heapq import heapify, heappop, heappush

ARRIVE, SERVED, SUCCEED, FAIL, TIMEOUT, SEND, CALL = range(7)


def run(clients, seconds, rebuild):
    rnd = random.Random(1).random
    log = math.log
    hop, service, timeout = 0.005, 0.010, 1.0
    workers = clients * 12 // 1000
    fault_from, fault_to = seconds / 3, seconds / 3 + 2
    first, most, limit = 0.1, 120.0, 4
    calls = attempts = succeeded = 0
    busy = 0
    queue = deque()
    current = {}  # call -> [the attempt it waits for, attempts made]
    events = [(-log(1 - rnd()) / clients, CALL, 0, 0)]
    if rebuild:
        def push(event):
            events.append(event)
            heapify(events)

        def pop():
            event = heappop(events)
            heapify(events)
            return event
    else:
        def push(event, push=heappush, events=events):
            push(events, event)

        def pop(pop=heappop, events=events):
            return pop(events)
    while events:
        now, kind, call, attempt = pop()
        if now >= seconds:
            break
        if kind == ARRIVE:
            if fault_from <= now < fault_to:
                push((now - log(1 - rnd()) * hop, FAIL, call, attempt))
            elif busy < workers:
                busy += 1
                push((now + service, SERVED, call, attempt))
            else:
                queue.append((call, attempt))
            continue
        if kind == SERVED:
            if queue:
                next_call, next_attempt = queue.popleft()
                push((now + service, SERVED, next_call, next_attempt))
            else:
                busy -= 1
            state = current.get(call)
            if state is not None and state[0] == attempt:
                push((now - log(1 - rnd()) * hop, SUCCEED, call, attempt))
            continue
        if kind == CALL:
            push((now - log(1 - rnd()) / clients, CALL, 0, 0))
            calls += 1
            call = calls
            current[call] = [0, 0]
            kind = SEND
        state = current.get(call)
        if kind == SEND:
            attempts += 1
            state[0] = attempts
            state[1] += 1
            push((now - log(1 - rnd()) * hop, ARRIVE, call, attempts))
            push((now + timeout, TIMEOUT, call, attempts))
        elif state is None or state[0] != attempt:
            pass  # the caller has left
        elif kind == SUCCEED:
            succeeded += 1
            del current[call]
        else:
            made = state[1]
            if made == limit:
                del current[call]
            else:
                state[0] = 0
                push((now + rnd() * min(most, first * 2 ** (made - 1)), SEND, call, 0))
    return calls, attempts, succeeded


if __name__ == "__main__":
    print(*run(int(sys.argv[1]), float(sys.argv[2]), "rebuild" in sys.argv[3:]))
