"""Double DQN on CartPole as a PyTorch user writes it, with the options of test/bench/cartpoleDqn.ts.

Prints a JSON object for each seed: the steps of the environment and the seconds (without evaluations) until the mean return
of 100 greedy episodes is 475 or more, the steps per second, and the mean return at each evaluation.
Arguments: threads, then seeds.
"""
import copy
import json
import math
import sys
import time

import numpy as np
import torch
from torch import nn

STEPS, EVERY, LIMIT = 100_000, 2_000, 500


def move(state, action):
    """One step of CartPole of any number of games: the equations of Barto, Sutton and Anderson (1983), by Euler's method."""
    x, v, angle, spin = state
    push = np.where(action == 1, 10.0, -10.0)
    s, c = np.sin(angle), np.cos(angle)
    pushed = (push + 0.05 * spin * spin * s) / 1.1
    spinning = (9.8 * s - c * pushed) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
    moving = pushed - 0.05 * spinning * c / 1.1
    x, v, angle, spin = x + 0.02 * v, v + 0.02 * moving, angle + 0.02 * spin, spin + 0.02 * spinning
    fallen = (np.abs(x) > 2.4) | (np.abs(angle) > 12 * math.pi / 180)
    return np.array([x, v, angle, spin]), fallen


def move_one(state, action):
    """The same for one game, in plain floats, which is faster."""
    x, v, angle, spin = state
    s, c = math.sin(angle), math.cos(angle)
    pushed = ((10.0 if action == 1 else -10.0) + 0.05 * spin * spin * s) / 1.1
    spinning = (9.8 * s - c * pushed) / (0.5 * (4 / 3 - 0.1 * c * c / 1.1))
    moving = pushed - 0.05 * spinning * c / 1.1
    after = (x + 0.02 * v, v + 0.02 * moving, angle + 0.02 * spin, spin + 0.02 * spinning)
    return after, abs(after[0]) > 2.4 or abs(after[2]) > 12 * math.pi / 180


def mean_return(model, rng):
    state = rng.uniform(-0.05, 0.05, (4, 100))
    alive, total = np.ones(100, bool), np.zeros(100)
    with torch.no_grad():
        for _ in range(LIMIT):
            action = model(torch.from_numpy(state.T.astype(np.float32))).argmax(1).numpy()
            state, fallen = move(state, action)
            total += alive
            alive &= ~fallen
    return total.mean()


def train(seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    target = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    capacity, batch, start_after = 10_000, 64, 1_000
    seen, following = torch.zeros(capacity, 4), torch.zeros(capacity, 4)
    actions, goes_on = torch.zeros(capacity, dtype=torch.long), torch.zeros(capacity)
    fresh = lambda: tuple(rng.uniform(-0.05, 0.05, 4))
    state, length, updates = fresh(), 0, 0
    seconds, curve = 0.0, []
    began = time.perf_counter()
    for step in range(STEPS):
        epsilon = 1 + (0.05 - 1) * min(step / 10_000, 1)
        observed = torch.tensor(state, dtype=torch.float32)
        if rng.random() < epsilon:
            action = int(rng.integers(2))
        else:
            with torch.no_grad():
                action = int(model(observed).argmax())
        state, fallen = move_one(state, action)
        length += 1
        at = step % capacity
        seen[at], following[at], actions[at] = observed, torch.tensor(state, dtype=torch.float32), action
        goes_on[at] = 0.0 if fallen else 1.0
        if fallen or length >= LIMIT:
            state, length = fresh(), 0
        if step % 2 == 1 and step + 1 >= start_after:
            rows = torch.from_numpy(rng.integers(0, min(step + 1, capacity), batch))
            with torch.no_grad():
                best = model(following[rows]).argmax(1, keepdim=True)
                goal = 1 + 0.99 * goes_on[rows] * target(following[rows]).gather(1, best)[:, 0]
            said = model(seen[rows]).gather(1, actions[rows][:, None])[:, 0]
            loss = nn.functional.huber_loss(said, goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1
            if updates % 100 == 0:
                target.load_state_dict(model.state_dict())
        if (step + 1) % EVERY == 0:
            seconds += time.perf_counter() - began
            curve.append(mean_return(model, np.random.default_rng(1000)))
            if curve[-1] >= 475:
                break
            began = time.perf_counter()
    solved = step + 1 if curve[-1] >= 475 else None
    per_second = round((step + 1) / seconds)
    curve = [round(r) for r in curve]
    print(json.dumps({"seed": seed, "steps": solved, "seconds": seconds, "perSecond": per_second, "curve": curve}), flush=True)


torch.set_num_threads(int(sys.argv[1]))
for seed in sys.argv[2:]:
    train(int(seed))
