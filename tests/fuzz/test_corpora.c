/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The corpora as a test: every input that fuzzing has kept (corpus/TARGET), and every one that once
 * did not hold (found/TARGET, where there were any), runs through its target, in a process of its
 * own, so that a finding is one failed test. And the corpora as files: a corpus is one file, of
 * inputs one after the other, each a line with its length, its bytes and a line feed.
 *
 *	test_corpora                    all corpora below $TOP_SRCDIR, as TAP
 *	test_corpora pack FILE DIR      makes a corpus of a folder of inputs
 *	test_corpora add FILE INPUT...  adds single inputs to a corpus
 *	test_corpora unpack FILE DIR    makes a folder of a corpus
 *	test_corpora run TARGET FILE... runs single inputs, such as one that libFuzzer has left
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

#define INPUT_MAX 65536

/* The next input of a corpus, in memory that ends where it ends; the caller frees it. Returns 1, 0
 * at the end of the file, or -1 where it makes no sense. */
static int next_input(FILE *corpus, uint8_t **data, size_t *size)
{
	int got = fscanf(corpus, "%zu", size);

	if (got == EOF)
		return 0;
	if (got != 1 || *size > INPUT_MAX || fgetc(corpus) != '\n')
		return -1;
	*data = malloc(*size ? *size : 1);
	if (*data && fread(*data, 1, *size, corpus) == *size && fgetc(corpus) == '\n')
		return 1;
	free(*data);
	return -1;
}

/* --- the test ----------------------------------------------------------------------------------
 */

static FILE *open_corpus(const char *folder, const char *name)
{
	const char *top = getenv("TOP_SRCDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/fuzz/%s/%s", top ? top : ".", folder, name);
	return fopen(path, "re");
}

static int run_corpus(const struct fuzz_target *target, FILE *corpus, size_t *at)
{
	uint8_t *data;
	size_t size;
	int more;

	while ((more = next_input(corpus, &data, &size)) > 0) {
		++*at;
		target->run(data, size);
		free(data);
	}
	fclose(corpus);
	return more;
}

/* Runs in a process of its own: the number of the input is left in *at for who waits for it. */
static void run_all(const struct fuzz_target *target, size_t *at)
{
	FILE *corpus = open_corpus("corpus", target->name);
	FILE *found = open_corpus("found", target->name);

	if (!corpus || run_corpus(target, corpus, at) < 0)
		exit(2);
	if (found && run_corpus(target, found, at) < 0)
		exit(2);
	/* exit() and not _exit(): the sanitizers look for leaks there. */
	exit(0);
}

static bool test_one(const struct fuzz_target *target, size_t number, size_t *at)
{
	int status = -1;
	bool good;
	pid_t child;

	*at = 0;
	child = fork();
	if (child == 0)
		run_all(target, at);
	if (child < 0 || waitpid(child, &status, 0) != child)
		status = -1;
	good = status == 0 && *at > 0;
	printf("%s %zu - %s: %zu inputs\n", good ? "ok" : "not ok", number, target->name, *at);
	if (!good)
		printf("# ended with status %#x at input %zu\n", (unsigned int)status, *at);
	return good;
}

static int test_all(void)
{
	size_t count, *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct fuzz_target *targets = fuzz_targets(&count);
	bool good = at != MAP_FAILED;

	printf("1..%zu\n", count);
	fflush(stdout);
	for (size_t i = 0; i < count && at != MAP_FAILED; i++) {
		good &= test_one(&targets[i], i + 1, at);
		fflush(stdout);
	}
	return good ? 0 : 1;
}

/* --- corpora and folders -----------------------------------------------------------------------
 */

/* The inputs of a folder by size, the small ones first, and by name. */
struct entry {
	char path[512];
	size_t size;
};

static int by_size(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(x->path, y->path);
}

static struct entry *read_folder(const char *folder, size_t *count)
{
	struct entry *entries = NULL;
	struct dirent *file;
	struct stat st;
	DIR *dir = opendir(folder);

	*count = 0;
	while (dir && (file = readdir(dir))) {
		struct entry e;

		snprintf(e.path, sizeof(e.path), "%s/%s", folder, file->d_name);
		if (stat(e.path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > INPUT_MAX)
			continue;
		e.size = (size_t)st.st_size;
		entries = reallocarray(entries, *count + 1, sizeof(e));
		MUST(entries != NULL);
		entries[(*count)++] = e;
	}
	if (dir)
		closedir(dir);
	if (*count)
		qsort(entries, *count, sizeof(*entries), by_size);
	return entries;
}

static size_t read_input(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "re");
	size_t size = file ? fread(data, 1, INPUT_MAX, file) : 0;

	MUST(file != NULL);
	fclose(file);
	return size;
}

static void put_input(FILE *corpus, const char *path)
{
	static uint8_t data[INPUT_MAX];
	size_t size = read_input(path, data);

	fprintf(corpus, "%zu\n", size);
	fwrite(data, 1, size, corpus);
	fputc('\n', corpus);
}

static int pack(const char *path, const char *folder)
{
	size_t count;
	struct entry *entries = read_folder(folder, &count);
	FILE *corpus = fopen(path, "we");

	MUST(corpus != NULL);
	for (size_t i = 0; i < count; i++)
		put_input(corpus, entries[i].path);
	free(entries);
	return fclose(corpus) == 0 ? 0 : 1;
}

static int add(const char *path, char **inputs, int count)
{
	FILE *corpus = fopen(path, "ae");

	MUST(corpus != NULL);
	for (int i = 0; i < count; i++)
		put_input(corpus, inputs[i]);
	return fclose(corpus) == 0 ? 0 : 1;
}

static int unpack(const char *path, const char *folder)
{
	FILE *corpus = fopen(path, "re");
	uint8_t *data;
	size_t size, number = 0;
	int more;

	MUST(corpus != NULL);
	while ((more = next_input(corpus, &data, &size)) > 0) {
		char name[512];
		FILE *file;

		snprintf(name, sizeof(name), "%s/%05zu", folder, ++number);
		file = fopen(name, "we");
		MUST(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
		free(data);
	}
	fclose(corpus);
	return more < 0 ? 1 : 0;
}

static int run_files(const char *name, char **paths, int count)
{
	const struct fuzz_target *target = fuzz_target_find(name);
	static uint8_t buf[INPUT_MAX];

	MUST(target != NULL);
	for (int i = 0; i < count; i++) {
		size_t size = read_input(paths[i], buf);
		uint8_t *data = malloc(size ? size : 1);

		MUST(data != NULL);
		memcpy(data, buf, size);
		target->run(data, size);
		free(data);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return test_all();
	if (argc == 4 && strcmp(argv[1], "pack") == 0)
		return pack(argv[2], argv[3]);
	if (argc == 4 && strcmp(argv[1], "unpack") == 0)
		return unpack(argv[2], argv[3]);
	if (argc >= 4 && strcmp(argv[1], "add") == 0)
		return add(argv[2], argv + 3, argc - 3);
	if (argc >= 4 && strcmp(argv[1], "run") == 0)
		return run_files(argv[2], argv + 3, argc - 3);
	fprintf(stderr,
		"usage: %s [pack FILE DIR | add FILE INPUT... | unpack FILE DIR | run TARGET "
		"FILE...]\n",
		argv[0]);
	return 2;
}
