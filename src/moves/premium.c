/* SPDX-License-Identifier: Apache-2.0 */
/* premium.c - the table of costly prefixes. From the numbering plans: ITU-T E.164 and its list of assigned codes, NANPA's area codes, and the
 * plans of the countries. It will never be complete: what it knows is denied even where a whole country is allowed. */
#include "premium.h"

static const struct str prefixes[] = {
	/* NANP: pay per call, and islands whose numbers look like area codes at home */
	STR_INIT("+1900"), STR_INIT("+1976"), STR_INIT("+1242"), STR_INIT("+1246"), STR_INIT("+1264"), STR_INIT("+1268"), STR_INIT("+1284"),
	STR_INIT("+1345"), STR_INIT("+1441"), STR_INIT("+1473"), STR_INIT("+1649"), STR_INIT("+1664"), STR_INIT("+1758"), STR_INIT("+1767"),
	STR_INIT("+1784"), STR_INIT("+1809"), STR_INIT("+1829"), STR_INIT("+1849"), STR_INIT("+1868"), STR_INIT("+1869"), STR_INIT("+1876"),
	/* Europe */
	STR_INIT("+3069"), STR_INIT("+3090"), STR_INIT("+31900"), STR_INIT("+31906"), STR_INIT("+31909"), STR_INIT("+3290"), STR_INIT("+3389"),
	STR_INIT("+34803"), STR_INIT("+34806"), STR_INIT("+34807"), STR_INIT("+34905"), STR_INIT("+34907"), STR_INIT("+35115"),
	STR_INIT("+351601"), STR_INIT("+351607"), STR_INIT("+351608"), STR_INIT("+351760"), STR_INIT("+351761"), STR_INIT("+351762"),
	STR_INIT("+35315"), STR_INIT("+3545"), STR_INIT("+35860"), STR_INIT("+35870"), STR_INIT("+3590"), STR_INIT("+36902"), STR_INIT("+36909"),
	STR_INIT("+37090"), STR_INIT("+37190"), STR_INIT("+372900"), STR_INIT("+38090"), STR_INIT("+38590"), STR_INIT("+3866"), STR_INIT("+38690"),
	STR_INIT("+39144"), STR_INIT("+39166"), STR_INIT("+39178"), STR_INIT("+39892"), STR_INIT("+39895"), STR_INIT("+39899"), STR_INIT("+4090"),
	STR_INIT("+41900"), STR_INIT("+41901"), STR_INIT("+41906"), STR_INIT("+42090"), STR_INIT("+42190"), STR_INIT("+43900"), STR_INIT("+43901"),
	STR_INIT("+43930"), STR_INIT("+43931"), STR_INIT("+4470"), STR_INIT("+4484"), STR_INIT("+4487"), STR_INIT("+449"), STR_INIT("+45901"),
	STR_INIT("+46900"), STR_INIT("+46939"), STR_INIT("+46944"), STR_INIT("+4782"), STR_INIT("+48300"), STR_INIT("+4870"), STR_INIT("+49137"),
	STR_INIT("+49190"), STR_INIT("+49900"),
	/* Russia: pay services of mobile operators */
	STR_INIT("+7803"), STR_INIT("+7809"),
	/* elsewhere */
	STR_INIT("+61190"), STR_INIT("+64900"), STR_INIT("+81990"), STR_INIT("+8201"), STR_INIT("+90900"), STR_INIT("+9721900"), STR_INIT("+55900"),
	/* islands and countries whose numbers are rented out for revenue */
	STR_INIT("+247"), STR_INIT("+252"), STR_INIT("+290"), STR_INIT("+500"), STR_INIT("+672"), STR_INIT("+674"), STR_INIT("+675"),
	STR_INIT("+677"), STR_INIT("+678"), STR_INIT("+679"), STR_INIT("+682"), STR_INIT("+683"), STR_INIT("+685"), STR_INIT("+686"),
	STR_INIT("+687"), STR_INIT("+688"), STR_INIT("+690"), STR_INIT("+692"),
	/* of no country: shared cost, satellites, networks, premium rate */
	STR_INIT("+808"), STR_INIT("+870"), STR_INIT("+878"), STR_INIT("+881"), STR_INIT("+882"), STR_INIT("+883"), STR_INIT("+979"),
	/* as dialled at home */
	STR_INIT("0900"), STR_INIT("0901"), STR_INIT("0906"), STR_INIT("0909"), STR_INIT("0190"), STR_INIT("0137"), STR_INIT("1900"),
	STR_INIT("8803"), STR_INIT("8809"),
};

size_t premium_prefix(struct str number)
{
	size_t longest = 0;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (prefixes[i].n > longest && str_starts(number, prefixes[i]))
			longest = prefixes[i].n;
	return longest;
}
