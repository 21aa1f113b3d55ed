"""PPO on CartPole as a PyTorch user writes it: the algorithm and the settings of pipelines/control/cartpole.ts.

Prints one JSON object for each seed: steps of the environment and seconds (without evaluations) until the greedy policy's
mean return over 100 episodes is 475, and the steps per second. Arguments: threads, then seeds.
"""
import json
import sys
import time

import numpy as np
import torch

ENVIRONMENTS, LENGTH, EPOCHS, DISCOUNT, LAMBDA, CLIP, LIMIT = 8, 32, 20, 0.98, 0.8, 0.2, 500
torch.set_num_threads(int(sys.argv[1]))


class CartPole:
    """Many carts at once; an episode that ended begins anew by itself."""

    def __init__(self, count, rng):
        self.rng, self.count = rng, count
        self.state, self.steps = self.start(count), np.zeros(count, dtype=np.int64)

    def start(self, count):
        return self.rng.uniform(-0.05, 0.05, (count, 4))

    def step(self, action):
        x, v, angle, spin = self.state.T
        sin, cos = np.sin(angle), np.cos(angle)
        pushed = (np.where(action == 1, 10.0, -10.0) + 0.05 * spin**2 * sin) / 1.1
        spinning = (9.8 * sin - cos * pushed) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
        moving = pushed - 0.05 * spinning * cos / 1.1
        after = np.stack([x + 0.02 * v, v + 0.02 * moving, angle + 0.02 * spin, spin + 0.02 * spinning], 1)
        self.steps += 1
        done = (np.abs(after[:, 0]) > 2.4) | (np.abs(after[:, 2]) > 12 * np.pi / 180)
        ended = done | (self.steps >= LIMIT)
        self.state = np.where(ended[:, None], self.start(self.count), after)
        self.steps[ended] = 0
        return after.astype(np.float32), done, ended


def network(outputs):
    return torch.nn.Sequential(
        torch.nn.Linear(4, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, outputs)
    )


def evaluate(policy, rng):
    carts = CartPole(100, rng)
    returns, alive = np.zeros(100), np.ones(100, dtype=bool)
    with torch.no_grad():
        for _ in range(LIMIT):
            action = policy(torch.from_numpy(carts.state.astype(np.float32))).argmax(1).numpy()
            _, _, ended = carts.step(action)
            returns += alive
            alive &= ~ended
    return returns.mean()


def rollout(carts, policy, value):
    kept = []
    with torch.no_grad():
        for _ in range(LENGTH):
            seen = torch.from_numpy(carts.state.astype(np.float32))
            of = torch.distributions.Categorical(logits=policy(seen))
            action = of.sample()
            after, done, ended = carts.step(action.numpy())
            kept.append((seen, action, of.log_prob(action), torch.from_numpy(after), torch.from_numpy(done), torch.from_numpy(ended)))
        seen, action, before, after, done, ended = (torch.stack(x) for x in zip(*kept))
        now, following = value(seen).squeeze(-1), value(after).squeeze(-1)
        surprise = 1 + DISCOUNT * following * ~done - now
        advantage, last = torch.zeros_like(now), torch.zeros(ENVIRONMENTS)
        for t in reversed(range(LENGTH)):
            last = surprise[t] + DISCOUNT * LAMBDA * last * ~ended[t]
            advantage[t] = last
    flat = lambda x: x.flatten(0, 1)
    return flat(seen), flat(action), flat(before), flat(advantage), flat(advantage + now)


def learn(policy, value, optimizer, played):
    params = [*policy.parameters(), *value.parameters()]
    for _ in range(EPOCHS):
        order = torch.randperm(ENVIRONMENTS * LENGTH)
        seen, action, before, advantage, target = (x[order] for x in played)
        advantage = (advantage - advantage.mean()) / (advantage.std(unbiased=False) + 1e-8)
        ratio = (torch.distributions.Categorical(logits=policy(seen)).log_prob(action) - before).exp()
        surrogate = torch.min(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage)
        loss = -surrogate.mean() + 0.5 * (value(seen).squeeze(-1) - target).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 0.5)
        optimizer.step()


for seed in map(int, sys.argv[2:]):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    policy, value = network(2), network(1)
    optimizer = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=1e-3)
    carts, seconds, solved = CartPole(ENVIRONMENTS, rng), 0.0, None
    for epoch in range(1, 41):
        began = time.perf_counter()
        for _ in range(10):
            learn(policy, value, optimizer, rollout(carts, policy, value))
        seconds += time.perf_counter() - began
        steps = epoch * 10 * ENVIRONMENTS * LENGTH
        if evaluate(policy, rng) >= 475:
            solved = steps
            break
    print(json.dumps({"seed": seed, "steps": solved, "seconds": round(seconds, 3), "perSecond": round(steps / seconds)}))
