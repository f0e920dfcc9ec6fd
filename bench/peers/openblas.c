// Matrix products by OpenBLAS's sgemm, on request: see README.md. Build it with
//	cc -O2 -o openblas openblas.c -lopenblas
// The number of threads is set by OPENBLAS_NUM_THREADS.
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

char *openblas_get_config(void);
char *openblas_get_corename(void);

static double read_clock(clockid_t clock) {
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

static double now(void) { return read_clock(CLOCK_MONOTONIC); }
static double processor(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); } // of all threads

static int ascending(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static float *random_floats(size_t n) {
	float *x = aligned_alloc(64, (4 * n + 63) / 64 * 64);
	if (!x) {
		fprintf(stderr, "openblas: no memory for %zu floats\n", n);
		exit(1);
	}
	for (size_t i = 0; i < n; i++)
		x[i] = rand() / (float)RAND_MAX;
	return x;
}

static void multiply(const float *a, const float *b, float *c, int m, int n, int k) {
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}

int main(void) {
	enum { most = 1 << 20 };
	static double times[most];
	float *a = 0, *b = 0, *c = 0;
	int m0 = 0, n0 = 0, k0 = 0, m, n, k;
	double seconds;
	printf("{\"version\": \"%s, kernels for %s\"}\n", openblas_get_config(), openblas_get_corename());
	fflush(stdout);
	while (scanf(" matmul %d %d %d %lf", &m, &n, &k, &seconds) == 4) {
		if (m != m0 || n != n0 || k != k0) {
			free(a), free(b), free(c);
			a = random_floats((size_t)m * k);
			b = random_floats((size_t)k * n);
			c = random_floats((size_t)m * n);
			m0 = m, n0 = n, k0 = k;
			multiply(a, b, c, m, n, k); // not counted
		}
		int count = 0;
		double busy = processor(), begin = now(), end = begin;
		for (; count == 0 || (end - begin < seconds && count < most); count++) {
			double start = end;
			multiply(a, b, c, m, n, k);
			end = now();
			times[count] = end - start;
		}
		busy = processor() - busy;
		qsort(times, count, sizeof times[0], ascending);
		printf("{\"median\": %.9g, \"fastest\": %.9g, \"total\": %.9g, \"processor\": %.9g, \"count\": %d}\n",
		       times[count / 2], times[0], end - begin, busy / count, count);
		fflush(stdout);
	}
	return 0;
}
