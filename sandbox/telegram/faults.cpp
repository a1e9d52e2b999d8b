#include "sandbox/telegram/faults.hpp"

#include <algorithm>
#include <cctype>

namespace hatchery::sandbox::telegram {
namespace {

constexpr int max_latency_ms = 600'000;
constexpr int max_count = 1'000'000;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Reads one member and remembers the first that is wrong.
class Reader {
public:
    Reader(const base::Json& json, std::string path, base::Json& problem)
        : json_(json), path_(std::move(path)), problem_(problem) {}

    int number(const char* name, int otherwise, int least, int most) {
        const base::Json& value = base::json_member(json_, name);
        if (value.is_null()) return otherwise;
        if (value.is_number_integer() && value >= least && value <= most) return value.get<int>();
        reject(name, "a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most) + " is needed");
        return otherwise;
    }

    bool truth(const char* name) {
        const base::Json& value = base::json_member(json_, name);
        if (!value.is_null() && !value.is_boolean()) reject(name, "true or false is needed");
        return value.is_boolean() && value.get<bool>();
    }

    std::string text(const char* name) {
        const base::Json& value = base::json_member(json_, name);
        if (!value.is_null() && !value.is_string()) reject(name, "a text is needed");
        return value.is_string() ? value.get<std::string>() : std::string();
    }

    void reject(const std::string& name, const std::string& message) {
        if (problem_.is_null()) problem_ = {{"field", path_ + name}, {"message", message}};
    }

private:
    const base::Json& json_;
    std::string path_;
    base::Json& problem_;
};

}  // namespace

std::optional<TelegramFaults> TelegramFaults::from_json(const base::Json& json,
                                                        base::Json& problem) {
    problem = nullptr;
    if (!json.is_object()) {
        problem = {{"field", "body"}, {"message", "an object is needed"}};
        return std::nullopt;
    }
    TelegramFaults faults;
    Reader reader(json, "", problem);
    const base::Json& tokens = base::json_member(json, "unauthorizedTokens");
    if (!tokens.is_null() && !tokens.is_array()) {
        reader.reject("unauthorizedTokens", "a list of tokens or bot ids is needed");
    }
    for (const auto& token : tokens.is_array() ? tokens : base::Json::array()) {
        faults.unauthorized.insert(token.is_string() ? token.get<std::string>()
                                                     : base::dump_json(token));
    }
    const base::Json& limited = base::json_member(json, "rateLimited");
    if (!limited.is_null()) {
        Reader inner(limited, "rateLimited.", problem);
        faults.rate_limited_count = inner.number("count", 1, 0, max_count);
        faults.rate_limited_retry_after_s = inner.number("retryAfter", 1, 1, 86'400);
    }
    const base::Json& errors = base::json_member(json, "errors");
    if (!errors.is_null() && !errors.is_array()) reader.reject("errors", "a list is needed");
    for (std::size_t i = 0; errors.is_array() && i < errors.size(); ++i) {
        Reader inner(errors[i], "errors[" + std::to_string(i) + "].", problem);
        ErrorFault fault;
        fault.method = lower(inner.text("method"));
        fault.count = inner.number("count", 1, 0, max_count);
        fault.status = inner.number("status", 500, 0, 599);
        fault.description = inner.text("description");
        fault.retry_after_s = inner.number("retryAfter", 0, 0, 86'400);
        fault.after_effect = inner.truth("afterEffect");
        if (fault.status != 0 && fault.status < 400) inner.reject("status", "0 or 400 to 599");
        faults.errors.push_back(std::move(fault));
    }
    faults.latency = std::chrono::milliseconds(reader.number("latencyMs", 0, 0, max_latency_ms));
    faults.down = reader.truth("down");
    return problem.is_null() ? std::optional<TelegramFaults>(std::move(faults)) : std::nullopt;
}

base::Json TelegramFaults::to_json() const {
    base::Json tokens = base::Json::array();
    for (const auto& token : unauthorized) {
        const std::size_t colon = token.find(':');
        tokens.push_back(colon == std::string::npos ? token : token.substr(0, colon + 1) + "***");
    }
    base::Json list = base::Json::array();
    for (const auto& fault : errors) {
        list.push_back({{"method", fault.method},
                        {"count", fault.count},
                        {"status", fault.status},
                        {"description", fault.description},
                        {"retryAfter", fault.retry_after_s},
                        {"afterEffect", fault.after_effect}});
    }
    return {{"unauthorizedTokens", tokens},
            {"rateLimited",
             {{"count", rate_limited_count}, {"retryAfter", rate_limited_retry_after_s}}},
            {"errors", list},
            {"latencyMs", latency.count()},
            {"down", down}};
}

bool TelegramFaults::is_unauthorized(std::int64_t bot_id, const std::string& secret) const {
    const std::string id = std::to_string(bot_id);
    return unauthorized.contains(id) || unauthorized.contains(id + ":" + secret);
}

std::optional<ErrorFault> TelegramFaults::take_error(std::string_view lower_case_method) {
    if (rate_limited_count > 0) {
        --rate_limited_count;
        return ErrorFault{.status = 429, .retry_after_s = rate_limited_retry_after_s};
    }
    for (auto& fault : errors) {
        if (fault.count > 0 && (fault.method.empty() || fault.method == lower_case_method)) {
            --fault.count;
            return fault;
        }
    }
    return std::nullopt;
}

MethodReply fault_reply(const ErrorFault& fault) {
    if (fault.status == 0) {
        MethodReply reply;
        reply.drop_connection = true;
        return reply;
    }
    MethodReply reply =
        fault.status == 429
            ? reply_error(429, "retry after " + std::to_string(std::max(1, fault.retry_after_s)))
            : reply_error(fault.status);
    if (!fault.description.empty()) reply.description = fault.description;
    reply.retry_after_s =
        fault.status == 429 ? std::max(1, fault.retry_after_s) : fault.retry_after_s;
    return reply;
}

}  // namespace hatchery::sandbox::telegram
