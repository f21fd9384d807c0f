/* SPDX-License-Identifier: MIT */
#include "libcommon/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/xalloc.h"

struct block {
	ssize_t n; /* what read() gave */
	uint64_t mark;
	char *bytes;
};

/* Blocks first to last - 1 are full; block i is at i % AHEAD_BLOCKS. */
struct ahead {
	ahead_fn *read;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t first, last;
	bool stop;
	struct block blocks[AHEAD_BLOCKS];
	size_t taken; /* bytes of the first block */
};

static uint64_t left;

void
ahead_allow(uint64_t threads)
{
	left = threads;
}

/* The next block to be filled, or NULL: nobody wants more. */
static struct block *
empty_block(struct ahead *a)
{
	struct block *b;

	pthread_mutex_lock(&a->lock);
	while (a->last - a->first == AHEAD_BLOCKS && !a->stop)
		pthread_cond_wait(&a->changed, &a->lock);
	b = a->stop ? NULL : &a->blocks[a->last % AHEAD_BLOCKS];
	pthread_mutex_unlock(&a->lock);
	return b;
}

/* One block more is full, or one less. */
static void
move(struct ahead *a, size_t *end)
{
	pthread_mutex_lock(&a->lock);
	++*end;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void *
read_on(void *arg)
{
	struct ahead *a = arg;
	struct block *b;
	bool more = true;

	while (more && (b = empty_block(a))) {
		b->n = a->read(a->arg, b->bytes, AHEAD_CAP, &b->mark);
		more = b->n > 0;
		move(a, &a->last);
	}
	return NULL;
}

static bool
start_thread(struct ahead *a)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = !pthread_create(&a->thread, NULL, read_on, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void
free_all(struct ahead *a)
{
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	for (int i = 0; i < AHEAD_BLOCKS; i++)
		free(a->blocks[i].bytes);
	free(a);
}

struct ahead *
ahead_start(ahead_fn *read, void *arg)
{
	struct ahead *a;

	if (!left)
		return NULL;
	a = xcalloc(1, sizeof *a);
	a->read = read;
	a->arg = arg;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	for (int i = 0; i < AHEAD_BLOCKS; i++)
		a->blocks[i].bytes = xmalloc(AHEAD_CAP);
	if (!start_thread(a)) {
		free_all(a);
		return NULL;
	}
	left--;
	return a;
}

ssize_t
ahead_read(struct ahead *a, char *buf, size_t n, uint64_t *mark)
{
	struct block *b = &a->blocks[a->first % AHEAD_BLOCKS];
	size_t have;

	pthread_mutex_lock(&a->lock);
	while (a->first == a->last)
		pthread_cond_wait(&a->changed, &a->lock);
	pthread_mutex_unlock(&a->lock);
	*mark = b->mark;
	if (b->n <= 0)
		return b->n; /* it stays: the end is the end */
	have = (size_t)b->n - a->taken;
	n = n < have ? n : have;
	memcpy(buf, b->bytes + a->taken, n);
	a->taken += n;
	if (n == have) {
		a->taken = 0;
		move(a, &a->first);
	}
	return (ssize_t)n;
}

void
ahead_stop(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	free_all(a);
	left++;
}
