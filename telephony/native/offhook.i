// Included at the end of pjsua2.i: wraps what offhook.hpp declares, without directors.
%{
#include "offhook.hpp"
using namespace offhook;
%}
%include "stdint.i"

// pjlib prints to stdout until libInit has told it where to; only warnings are worth that.
%init %{
pj_log_set_level(2);
%}

%ignore offhook::OffhookRing::slab;
%template(OffhookTelephoneEventVector) std::vector<offhook::OffhookTelephoneEvent>;
%template(OffhookMessageVector)        std::vector<offhook::OffhookMessage>;
%include "offhook.hpp"
