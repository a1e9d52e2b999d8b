#include "api/routes/billing_body.hpp"

#include <algorithm>

#include "api/routes/subscription_body.hpp"
#include "core/billing_signature.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api::routes {

namespace {

core::Wrong check_event_id(std::string_view text) {
    const bool fits = text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
                          return c > ' ' && c < '\x7f';
                      });
    return fits && !text.empty()
               ? core::Wrong{}
               : core::Wrong{"must be 1 to 200 printable ASCII characters without blanks"};
}

}  // namespace

store::BillingEvent read_billing_event(BodyReader& body, const std::string& text,
                                       base::TimePoint now) {
    store::BillingEvent event{.body_hash = crypto::sha256_hex(text)};
    event.id = body.text("id", check_event_id);
    (void)body.text("createdAt", [&](std::string_view time) -> core::Wrong {
        const auto at = base::parse_time(time);
        if (!at) return "must be a time such as 2027-01-31T12:00:00Z";
        if (*at > now + core::billing_tolerance) return "must not lie ahead";
        event.created_at = *at;
        return std::nullopt;
    });
    if (const auto id = body.optional_text("userId", core::check_uuid)) {
        event.user = base::UserId(*id);
    }
    event.email = body.optional_text("email", core::check_email).value_or("");
    const bool unclear = body.is_wrong("userId") || body.is_wrong("email");
    if (!unclear && event.user.has_value() == !event.email.empty()) {
        body.wrong("userId", event.user ? "must not come with email: one of both names the user"
                                        : "or email must name the user");
    }
    event.change = read_subscription_change(body);
    return event;
}

}  // namespace hatchery::api::routes
