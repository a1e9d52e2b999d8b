#include "api/routes/billing_body.hpp"
#include "core/billing_signature.hpp"
#include "fuzz.hpp"

using namespace hatchery;

namespace {

void check_signature(std::string_view header) {
    const auto signature = core::read_billing_signature(header);
    if (!signature) return;
    fuzz::must(!signature->signatures.empty(), "something is signed");
    for (const auto& digits : signature->signatures) {
        fuzz::must(digits.size() == 64, "a signature is an HMAC-SHA256");
    }
    // The moment that is compared with the clock is the one that was signed.
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(signature->at.time_since_epoch());
    const auto digits = signature->timestamp.find_first_not_of('0');
    fuzz::must(std::to_string(seconds.count()) ==
                   (digits == std::string::npos ? "0" : signature->timestamp.substr(digits)),
               "the time is the one that was signed");
    (void)core::is_recent(*signature, base::TimePoint(std::chrono::seconds(1'795'262'400)));
}

}  // namespace

/// The signature's header on the first line, the body behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    check_signature(fuzz::take_line(text));
    const api::front::Request request{.body = std::string(text)};
    const api::Exchange exchange{.request = request};
    auto body = api::BodyReader::open(exchange);
    if (!body) return 0;
    const auto event = api::routes::read_billing_event(
        *body, request.body, base::TimePoint(std::chrono::seconds(1'795'262'400)));
    if (body->finish()) return 0;
    fuzz::must(!event.id.empty(), "an event has an id");
    fuzz::must(event.user.has_value() == event.email.empty(), "one of both names the user");
    return 0;
}
