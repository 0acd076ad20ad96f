/* SPDX-License-Identifier: Apache-2.0 */
/* fakes.h - what the proxy is tested over: real transactions on the loop and transport of tests/transaction/fake.h,
 * and a location with one phone of a few flows. Functions here stand before those of the real libraries. */
#ifndef SLUICE_TESTS_PROXY_FAKES_H
#define SLUICE_TESTS_PROXY_FAKES_H

#include "fake.h"
#include "location.h"

#define FAKE_FLOWS 5

struct location {
	const struct transport *transport;
	struct binding flows[FAKE_FLOWS];       /* in the order in which they are tried; their ids are their places */
	bool bound[FAKE_FLOWS], suspected[FAKE_FLOWS];
};

#endif
