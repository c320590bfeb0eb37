"""GB/T 32918.2-2016, GB/T 32918.5-2017: SM2 signatures with SM3, by the system's libcrypto."""
