// Included at the end of pjsua2.i: wraps what offhook.hpp declares, without directors.
%{
#include "offhook.hpp"
using namespace offhook;
%}
%include "stdint.i"

%ignore offhook::OffhookRing::slab;
%template(OffhookTelephoneEventVector) std::vector<offhook::OffhookTelephoneEvent>;
%template(OffhookMessageVector)        std::vector<offhook::OffhookMessage>;
%include "offhook.hpp"
