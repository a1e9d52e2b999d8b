#include "config/read_plans.hpp"

#include <fmt/format.h>

#include "base/json_value.hpp"
#include "core/validate.hpp"

namespace hatchery::config {

namespace {

using base::Json;

constexpr const char* example =
    R"({"starter": {"bots": 2, "serverTypes": ["cx23"], "regions": "all", "backups": 1, "logDays": 7}})";

/// Collects what is wrong with the members of one plan.
class PlanReader {
public:
    PlanReader(std::string name, std::vector<std::string>& wrong)
        : name_(std::move(name)), wrong_(wrong) {}

    void read(const Json& limits, core::Plan& plan) {
        if (!limits.is_object()) return say("", "must be an object of limits");
        for (const auto& [member, value] : limits.items()) {
            if (member == "bots") {
                plan.bots = number(member, value, 0, 100'000, plan.bots);
            } else if (member == "serverTypes") {
                places(member, value, plan.server_types);
            } else if (member == "regions") {
                places(member, value, plan.regions);
            } else if (member == "euOnly") {
                if (!value.is_boolean()) {
                    say(member, "must be true or false");
                } else {
                    plan.eu_only = value.get<bool>();
                }
            } else if (member == "backups") {
                plan.backups = number(member, value, 0, 1'000, plan.backups);
            } else if (member == "logDays") {
                const auto days = static_cast<int>(plan.logs_kept.count());
                plan.logs_kept = std::chrono::days(number(member, value, 1, 3'650, days));
            } else {
                say(member,
                    "is no limit; there are bots, serverTypes, regions, euOnly, backups, logDays");
            }
        }
    }

private:
    void say(const std::string& member, const std::string& message) {
        wrong_.push_back(name_ + (member.empty() ? "" : "." + member) + " " + message);
    }

    int number(const std::string& member, const Json& value, int least, int most, int otherwise) {
        const bool fits = value.is_number_integer() && value >= least && value <= most;
        if (fits) return value.get<int>();
        say(member, fmt::format("must be a whole number from {} to {}", least, most));
        return otherwise;
    }

    /// `"all"`, or a list of names.
    void places(const std::string& member, const Json& value, std::vector<std::string>& into) {
        if (value == "all") {
            into.clear();
            return;
        }
        std::vector<std::string> names;
        bool fits = value.is_array() && !value.empty() && value.size() <= 100;
        for (const auto& name : fits ? value : Json::array()) {
            fits = fits && name.is_string() &&
                   !core::check_provider_word(name.get_ref<const std::string&>());
            if (fits) names.push_back(name.get<std::string>());
        }
        if (!fits) {
            return say(member,
                       "must be \"all\" or a list of names as the provider writes them, where "
                       "\"default\" stands for this installation's default");
        }
        into = std::move(names);
    }

    std::string name_;
    std::vector<std::string>& wrong_;
};

}  // namespace

std::optional<std::string> read_plans(const std::string& text, core::Plans& plans) {
    const auto json = base::parse_json(text);
    if (!json || !json->is_object()) {
        return fmt::format("must be a JSON object such as {}", example);
    }
    std::vector<std::string> wrong;
    for (const auto& [name, limits] : json->items()) {
        const auto plan = base::parse_enum<core::PlanName>(name);
        if (plan) {
            PlanReader(name, wrong).read(limits, plans[*plan]);
        } else {
            // The name may be anything, and goes to a terminal.
            wrong.push_back("has a plan that is none of starter, pro and enterprise");
        }
    }
    if (wrong.empty()) return std::nullopt;
    std::string all;
    for (const auto& one : wrong) all += (all.empty() ? "is wrong: " : "; ") + one;
    return all;
}

}  // namespace hatchery::config
