/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/window.h"

#include <string.h>

static uint32_t slot_of(uint64_t cookie)
{
	return (uint32_t)((cookie * UINT64_C(0x9E3779B97F4A7C15)) >> 40) & (WINDOW_SLOTS - 1);
}

static uint32_t following(uint32_t slot)
{
	return (slot + 1) & (WINDOW_SLOTS - 1);
}

void window_reset(struct window *w)
{
	memset(w, 0, sizeof(*w));
}

/* Takes one entry out and closes the gap, so that no search stops early at a hole. */
static void forget(struct window *w, uint64_t cookie)
{
	uint32_t hole = slot_of(cookie);
	uint32_t probe;

	while (w->slots[hole] && w->ring[w->slots[hole] - 1] != cookie)
		hole = following(hole);
	if (!w->slots[hole])
		return;
	for (probe = following(hole); w->slots[probe]; probe = following(probe)) {
		uint32_t home = slot_of(w->ring[w->slots[probe] - 1]);
		uint32_t from_home = (probe - home) & (WINDOW_SLOTS - 1);
		uint32_t from_hole = (probe - hole) & (WINDOW_SLOTS - 1);

		if (from_home < from_hole)
			continue;
		w->slots[hole] = w->slots[probe];
		hole = probe;
	}
	w->slots[hole] = 0;
}

bool window_seen(struct window *w, uint64_t cookie)
{
	uint32_t slot;

	if (!cookie)
		return false;
	for (slot = slot_of(cookie); w->slots[slot]; slot = following(slot))
		if (w->ring[w->slots[slot] - 1] == cookie)
			return true;
	if (w->ring[w->next]) {
		forget(w, w->ring[w->next]);
		for (slot = slot_of(cookie); w->slots[slot];)
			slot = following(slot);
	}
	w->ring[w->next] = cookie;
	w->slots[slot] = (uint16_t)(w->next + 1);
	w->next = (w->next + 1) % WINDOW_SIZE;
	return false;
}
