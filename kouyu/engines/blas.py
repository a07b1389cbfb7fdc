"""Limits the threads of numpy's matrix products."""

from threadpoolctl import threadpool_limits


def use_one_blas_thread() -> None:
    """Run matrix products on the calling thread from now on, in the whole process.

    All of them are small here, a millisecond at most. Spread over two busy cores a VAD batch takes three times as long
    (55 instead of 19 us a stream), and takes the cores from the models.
    """
    threadpool_limits(1, user_api="blas")
