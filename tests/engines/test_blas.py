import subprocess
import sys

# In a process of its own: the number of threads is the process's.
PRINT_THREADS = """
import numpy, threadpoolctl
from kouyu.engines.blas import use_one_blas_thread
use_one_blas_thread()
print({each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"})
"""


def test_products_run_on_the_thread_that_asks_for_them() -> None:
    ran = subprocess.run([sys.executable, "-c", PRINT_THREADS], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "{1}"
