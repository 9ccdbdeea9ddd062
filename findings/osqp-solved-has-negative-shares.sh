#!/usr/bin/env bash
# osqp 1.1.3 (PyPI), a quadratic program that splits one service's requests over its replicas.
#
# One guesses: a solution with the status "solved" keeps the bounds: shares are not negative, and add up to 1.
# What happens: with the default settings shares come out at -0.0001 and the sum exceeds 1, and the status is
# "solved". Bounds are constraints like others to an operator-splitting solver, and hold within 1e-3 unless asked
# for more.
# Why it matters: a weight of -0.0001 is refused by Envoy (weights are unsigned) or wraps round when it is cast, and
# a small positive one sends requests to a replica that should have none. Such a solution needs to be projected on
# the simplex, or polished, before anything uses it.
source "$(dirname "$0")/lib/setup.sh"
python_packages osqp==1.1.3 numpy==2.3.3 scipy==1.16.2

python_program <<'PY'
import numpy, osqp, scipy.sparse as sparse
from expect import expect

replicas = 4
delay = numpy.array([0.01, 0.02, 0.5, 0.9])
quadratic = sparse.eye(replicas, format='csc') * 1e-3
constraints = sparse.vstack([numpy.ones((1, replicas)), sparse.eye(replicas)], format='csc')
low, high = numpy.array([1.0, *[0.0] * replicas]), numpy.array([1.0, *[numpy.inf] * replicas])
problem = osqp.OSQP()
problem.setup(quadratic, delay, constraints, low, high, verbose=False)
result = problem.solve()
print(f'status {result.info.status}, shares {result.x}')
expect(result.info.status == 'solved' and result.x.min() < -1e-5 and result.x.max() > 1,
       'a solved split has negative shares and one above 1')
PY
