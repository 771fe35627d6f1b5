// What is answered to the requests that pjsua would answer wrongly, or not at all.
#pragma once

#include <pjsip.h>

namespace offhook {

// What to answer to a request outside a dialog, or 0 where pjsua does that well. RFC 3261 section 8.2.1.
int statusOutsideDialog(const pjsip_method &method);

// The Unsupported header for what `request` requires and we don't have, or null. RFC 3261 section 8.2.2.3.
pjsip_hdr *unsupported(const pjsip_rx_data &request);

// Say in `response` what we do understand: `type` is PJSIP_H_ALLOW, PJSIP_H_ACCEPT or PJSIP_H_SUPPORTED.
void addCapability(pjsip_tx_data *response, pjsip_hdr_e type);

// Announce only what Offhook does, and put the answers to requests within calls in place. After libInit.
void installAnswers();

}  // namespace offhook
