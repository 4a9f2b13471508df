/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "present/writer.h"

static const struct writer_format formats[] = {
	{ "table", table_open },
	{ "json", json_open },
	{ "ndjson", ndjson_open },
	{ "csv", csv_open },
};

const struct writer_format *writer_formats(size_t *count)
{
	*count = sizeof(formats) / sizeof(formats[0]);
	return formats;
}
