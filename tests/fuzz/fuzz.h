/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzing: targets that take any bytes for what a kernel, a process or a person might have
 * written, run the tool's own code on them, and demand more of it than not to crash. One file a
 * target or a few, one row a target in targets.c. libFuzzer (libfuzzer.c) invents inputs; what it
 * found worth keeping is in corpus/NAME, and test_corpora.c runs that as a test of `make check`.
 */
#ifndef LINGERSTAT_TESTS_FUZZ_FUZZ_H
#define LINGERSTAT_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_target {
	const char *name;
	/* Takes one input. Ends the process where the tool does what it must not. */
	void (*run)(const uint8_t *data, size_t size);
};

/* The targets, and how many. */
const struct fuzz_target *fuzz_targets(size_t *count);

/* The target of a name, or NULL. */
const struct fuzz_target *fuzz_target_find(const char *name);

/* Ends the process when `holds` is false: a finding. */
#define CHECK(holds) ((holds) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #holds))
void fuzz_failed(const char *file, int line, const char *what) __attribute__((noreturn));

/* What has to work for a target to run at all: memory, temporary files. */
#define MUST(works) CHECK(works)

void fuzz_tcp(const uint8_t *data, size_t size);
void fuzz_inet(const uint8_t *data, size_t size);
void fuzz_unix(const uint8_t *data, size_t size);
void fuzz_others(const uint8_t *data, size_t size);
void fuzz_dump(const uint8_t *data, size_t size);
void fuzz_events(const uint8_t *data, size_t size);
void fuzz_replay(const uint8_t *data, size_t size);
void fuzz_filter(const uint8_t *data, size_t size);
void fuzz_filterfile(const uint8_t *data, size_t size);
void fuzz_range(const uint8_t *data, size_t size);
void fuzz_procnet(const uint8_t *data, size_t size);
void fuzz_machine(const uint8_t *data, size_t size);
void fuzz_owners(const uint8_t *data, size_t size);
void fuzz_state(const uint8_t *data, size_t size);
void fuzz_output(const uint8_t *data, size_t size);
void fuzz_sums(const uint8_t *data, size_t size);
void fuzz_contexts(const uint8_t *data, size_t size);

#endif
