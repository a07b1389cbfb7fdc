"""How many threads numpy's products of matrices take."""

from threadpoolctl import threadpool_limits


def use_one_blas_thread() -> None:
    """From now on products run on the thread that asks for them, in the whole process.

    All of them are small here, a millisecond at most. Spread over two busy cores a batch of voice activity takes three
    times as long (55 instead of 19 us a stream), and takes the cores from the models.
    """
    threadpool_limits(1, user_api="blas")
