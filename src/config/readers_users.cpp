#include "config/read_plans.hpp"
#include "config/readers.hpp"

namespace hatchery::config {

Wrong read_plan_limits(const std::string& text, Config& config) {
    config.billing.plans = core::usual_plans();
    return read_plans(text, config.billing.plans);
}

Wrong read_default_plan(const std::string& text, Config& config) {
    config.billing.default_plan = base::parse_enum<core::PlanName>(text);
    if (config.billing.default_plan || text == "none") return std::nullopt;
    return "must be starter, pro, enterprise or none";
}

Wrong read_billing_secrets(const std::string& text, Config& config) {
    for (const std::string_view secret : comma_list(text)) {
        if (secret.size() < 16 || !printable(secret)) {
            return "must be one or more secrets, comma-separated, of 16 printable characters at "
                   "least each; make one with: openssl rand -hex 32";
        }
        config.billing_secrets.emplace_back(std::string(secret));
    }
    return std::nullopt;
}

Wrong read_admin_emails(const std::string& text, Config& config) {
    for (const std::string_view email : comma_list(text)) {
        const auto sign = email.find('@');
        if (!printable(email) || sign == 0 || sign == std::string_view::npos ||
            sign + 1 == email.size()) {
            return "must be e-mail addresses like ada@example.org,bob@example.org";
        }
        config.admin_emails.emplace_back(email);
    }
    return std::nullopt;
}

Wrong read_proxies(const std::string& text, Config& config) {
    for (const std::string_view part : comma_list(text)) {
        const auto network = core::parse_network(part);
        if (!network) {
            return "must be addresses or networks like 127.0.0.1,10.0.0.0/8,2001:db8::/32";
        }
        config.front.proxies.push_back(*network);
    }
    return std::nullopt;
}

}  // namespace hatchery::config
