#include <array>

#include "api/body_reader.hpp"
#include "api/list_page.hpp"
#include "api/routes/routes.hpp"
#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// No settings: they bound one answer's memory, and `after` or `since` goes on from its end.
constexpr std::int64_t most_of_page = 200;
constexpr std::int64_t most_of_export = 10'000;

enum class Format : std::uint8_t { json, ndjson, csv };

Json id_or_null(const std::string& id) { return id.empty() ? Json() : Json(id); }

Json line_view(const store::AuditLine& line) {
    const auto& entry = line.entry;
    return {{"seq", line.seq},
            {"at", base::format_time(line.at)},
            {"actor", std::string(base::to_text(entry.actor))},
            {"userId", id_or_null(entry.user_id.text())},
            {"actorName", entry.actor_name},
            {"tokenId", id_or_null(entry.token_id.text())},
            {"sessionId", id_or_null(entry.session_id.text())},
            {"serviceUserId", id_or_null(entry.service_user_id.text())},
            {"action", entry.action},
            {"target", entry.target},
            {"address", entry.address},
            {"outcome", entry.outcome},
            {"requestId", entry.request_id}};
}

/// RFC 4180; what a spreadsheet would take for a formula is made plain text.
std::string csv_field(const Json& value) {
    if (value.is_null()) return {};
    std::string text = value.is_string() ? value.get<std::string>() : base::dump_json(value);
    const bool formula = value.is_string() && !text.empty() &&
                         std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    if (formula) text.insert(0, "'");
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + "\"";
}

std::string csv_of(const std::vector<store::AuditLine>& lines) {
    constexpr auto columns = std::to_array<const char*>(
        {"seq", "at", "actor", "userId", "actorName", "tokenId", "sessionId", "serviceUserId",
         "action", "target", "address", "outcome", "requestId"});
    std::string text;
    for (const char* column : columns) text += (text.empty() ? "" : ",") + std::string(column);
    text += "\r\n";
    for (const auto& line : lines) {
        const Json view = line_view(line);
        std::string row;
        for (const char* column : columns) {
            row += (column == columns.front() ? "" : ",") + csv_field(view[column]);
        }
        text += row + "\r\n";
    }
    return text;
}

Answer exported(Format format, const store::Page<store::AuditLine>& page) {
    Answer answer;
    if (format == Format::csv) {
        answer.content_type = "text/csv; charset=utf-8";
        answer.body = csv_of(page.items);
    } else {
        answer.content_type = "application/x-ndjson";
        for (const auto& line : page.items) answer.body += base::dump_json(line_view(line)) + "\n";
    }
    // A file has no place for the cursor.
    if (page.next) answer.headers.emplace_back("X-Next", *page.next);
    return answer;
}

std::optional<Format> read_format(QueryReader& query) {
    std::optional<Format> format = Format::json;
    (void)query.text("format", [&](std::string_view text) -> core::Wrong {
        if (text == "json") return std::nullopt;
        format = text == "csv" ? Format::csv : Format::ndjson;
        if (text == "csv" || text == "ndjson") return std::nullopt;
        return "must be json, ndjson or csv";
    });
    return format;
}

core::Wrong check_action(std::string_view text) {
    const bool fits = base::is_utf8(text) && text.size() <= 200;
    return fits ? core::Wrong{} : core::Wrong{"must be text of at most 200 bytes"};
}

Outcome audit(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto format = read_format(query);
    const auto most = format == Format::json ? most_of_page : most_of_export;
    store::AuditQuery wanted;
    wanted.limit =
        static_cast<int>(query.number("limit", format == Format::json ? 50 : most, 1, most));
    if (exchange.parameter("after")) {
        wanted.before = query.number("after", 0, 1, std::int64_t{1} << 60);
    }
    if (const auto user = query.text("user", core::check_uuid)) wanted.user = base::UserId(*user);
    wanted.action = query.text("action", check_action).value_or("");
    (void)query.text("since", [&](std::string_view text) -> core::Wrong {
        wanted.since = base::parse_time(text);
        if (wanted.since) return std::nullopt;
        return "must be a time such as 2027-01-31T12:00:00Z";
    });
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto page = context.deps.audit.find(wanted);
    if (!page) return refuse(page.error());
    if (format != Format::json) return exported(*format, *page);
    Json items = Json::array();
    for (const auto& line : page->items) items.push_back(line_view(line));
    return page_answer(std::move(items), page->next);
}

}  // namespace

void add_audit_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/admin/audit",
               [&](const Exchange& exchange) { return audit(context, exchange); });
}

}  // namespace hatchery::api::routes
