# Known values of layers of graphs, from the equations of the papers (dense, by NumPy).
import numpy as np
x = np.array([[1., 2.], [0., -1.], [3., 1.], [-2., 0.5]])
W = np.array([[1., 0., 2., -1.], [-1., 1., 0.5, 1.]])
edges = [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2)]  # from, to; node 3 is alone
n = 4
A = np.zeros((n, n))
for s, t in edges: A[t, s] = 1
def gcn(A, loops=True):
    A = A + np.eye(n) if loops else A
    d = A.sum(1); r = np.where(d > 0, 1 / np.sqrt(np.where(d > 0, d, 1)), 0)
    return (r[:, None] * A * r[None]) @ x @ W[:, :2] + np.array([0.5, -1])
print('gcn', gcn(A).tolist()); print('gcn no loops', gcn(A, False).tolist())
Aw = A.copy(); Aw[2, 1] = 3; Aw[1, 0] = 0.5
print('gcn weighted', gcn(Aw).tolist())
def gat(heads, size, mode, loops=True):
    h = (x @ W[:, :heads * size]).reshape(n, heads, size)
    src = np.array([[1., 0.5], [-1., 2.]])[:heads, :size]; tgt = np.array([[0.25, -1.], [1., 1.]])[:heads, :size]
    M = (A + np.eye(n)) > 0 if loops else A > 0
    y = np.zeros((n, heads, size))
    for k in range(heads):
        for i in range(n):
            js = np.nonzero(M[i])[0]
            if len(js) == 0: continue
            e = h[i, k] @ tgt[k] + h[js, k] @ src[k]
            e = np.where(e > 0, e, 0.2 * e)
            a = np.exp(e - e.max()); a /= a.sum()
            y[i, k] = a @ h[js, k]
    return (y.reshape(n, -1) if mode == 'cat' else y.mean(1))
print('gat', gat(2, 2, 'cat').tolist()); print('gat mean', gat(2, 2, 'mean').tolist()); print('gat no loops', gat(1, 2, 'cat', False).tolist())
