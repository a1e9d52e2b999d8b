#include "api/router.hpp"

#include <httplib.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "api/access.hpp"
#include "api/entry.hpp"
#include "api/outside_gate.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"

namespace hatchery::api {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// How long a request may wait for a slot of the gate.
constexpr std::chrono::seconds longest_gate_wait{20};

/// A whole request to read from, and a place for the response: httplib's view of a connection.
class MemoryStream final : public httplib::Stream {
public:
    MemoryStream(std::string input, std::string peer)
        : input_(std::move(input)), peer_(std::move(peer)) {}

    bool is_readable() const override { return position_ < input_.size(); }
    bool is_writable() const override { return true; }
    ssize_t read(char* target, size_t size) override {
        const std::size_t count = std::min(size, input_.size() - position_);
        std::copy_n(input_.data() + position_, count, target);
        position_ += count;
        return static_cast<ssize_t>(count);
    }
    ssize_t write(const char* bytes, size_t size) override {
        output.append(bytes, size);
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip = peer_;
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    socket_t socket() const override { return INVALID_SOCKET; }

    std::string output;

private:
    const std::string input_;
    const std::string peer_;
    std::size_t position_ = 0;
};

/// What passes between handle() and the handlers that httplib calls on the same thread.
struct Passage {
    const front::Request& request;
    /// Of the client, see Exchange::address.
    std::string address;
    std::stop_token stop;
    std::string_view route = "-";
    /// The caller's budgets, for the answer's headers.
    RateState rates;
    /// A failure that nobody needs to look into.
    bool expected = false;
    std::shared_ptr<front::EventStream> stream;
    std::function<void(std::function<void()>)> park;
    std::shared_ptr<void> kept;
    std::optional<std::chrono::milliseconds> park_at_most;
    int status = 0;
};
thread_local Passage* passage = nullptr;

/// The request's text as httplib reads it; the framing is ours alone.
std::string request_text(const front::Request& request) {
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
    for (const auto& [name, value] : request.fields) {
        // Without a type httplib leaves the body alone: no form is parsed on the way.
        if (!front::same_token(name, "Content-Type")) text += name + ": " + value + "\r\n";
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return text + "\r\n" + request.body;
}

/// `/api/bots/:id` as an expression with one group a name.
std::string expression_of(const std::string& pattern) {
    std::string expression;
    for (std::size_t i = 0; i < pattern.size();) {
        if (pattern[i] == ':') {
            expression += "([^/]+)";
            i = std::min(pattern.find('/', i), pattern.size());
            continue;
        }
        if (pattern[i] == '.') expression += '\\';
        expression += pattern[i++];
    }
    return expression;
}

class HttplibRouter final : public Router, private httplib::Server {
public:
    HttplibRouter(RouterOptions options, const Authenticator& authenticator, RateGate& rates,
                  const IdempotentWrites& writes, store::AuditLog& audit, Metrics& metrics)
        : options_(std::move(options)),
          entry_({.admin_listener = options_.admin_listener,
                  .trusts_loopback = options_.trusts_loopback},
                 authenticator, rates),
          writes_(writes),
          audit_(audit),
          metrics_(metrics),
          gate_(options_.outside_slots) {
        set_payload_max_length(std::numeric_limits<std::size_t>::max());
        // Without it httplib sends what() to the caller.
        set_exception_handler([](const httplib::Request&, httplib::Response& response,
                                 const std::exception_ptr& thrown) { on_throw(response, thrown); });
        // httplib's promises about the connection: it is the front's, which makes none.
        set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
            response.headers.erase("Keep-Alive");
        });
        set_error_handler(httplib::Server::Handler(
            [this](const httplib::Request& request, httplib::Response& response) {
                if (response.body.empty()) on_unrouted(request, response);
            }));
    }

    void add(const std::string& method, const std::string& pattern, RouteHandler handler) override {
        const auto rule = find_rule(method, pattern);
        if (!rule) throw std::logic_error("no access rule for " + method + " " + pattern);
        if (!added_.insert({method, pattern}).second) {
            throw std::logic_error("added twice: " + method + " " + pattern);
        }
        const std::string expression = expression_of(pattern);
        matchers_.push_back({method, std::regex(expression)});
        httplib::Server::Handler run = [this, rule = *rule, handler = std::move(handler)](
                                           const httplib::Request& request,
                                           httplib::Response& response) {
            serve(rule, handler, request, response);
        };
        if (method == "GET")
            Get(expression, std::move(run));
        else if (method == "POST")
            Post(expression, std::move(run));
        else if (method == "PUT")
            Put(expression, std::move(run));
        else if (method == "DELETE")
            Delete(expression, std::move(run));
        else
            throw std::logic_error("no such method: " + method);
    }

    front::Reply handle(const front::Request& request, const std::stop_token& stop) override {
        Passage here{.request = request,
                     .address = address_of(request),
                     .stop = stop,
                     .rates = {},
                     .stream = {},
                     .park = {}};
        passage = &here;
        MemoryStream stream(request_text(request), request.remote_address);
        bool closed = false;
        process_request(stream, !request.keep_alive, closed,
                        [&](httplib::Request& r) { r.remote_addr = request.remote_address; });
        passage = nullptr;
        front::Reply reply{.bytes = std::move(stream.output), .stream = {}, .park = {}};
        if (here.park) {
            return {.bytes = {},
                    .stream = {},
                    .park = std::move(here.park),
                    .kept = std::move(here.kept),
                    .park_at_most = here.park_at_most};
        }
        if (here.stream && request.method != "HEAD") {
            reply.stream = std::move(here.stream);
            reply.bytes = stream_head(request);
        }
        note(here, request);
        return reply;
    }

    void refused(int status) override { metrics_.count("-", "-", status, {}); }

private:
    static std::string stream_head(const front::Request& request) {
        // No length and no coding: the stream ends with the connection.
        return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
               "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: " +
               request.request_id + "\r\nConnection: close\r\n\r\n";
    }

    std::string address_of(const front::Request& request) const {
        std::vector<std::string_view> forwarded;
        for (const auto& [name, value] : request.fields) {
            if (front::same_token(name, "X-Forwarded-For")) forwarded.push_back(value);
        }
        return core::client_address(request.remote_address, forwarded, options_.trusted_proxies);
    }

    void note(const Passage& here, const front::Request& request) {
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
            SteadyClock::now() - request.received_at);
        metrics_.count(request.method, here.route, here.status, took);
        const bool changes = request.method != "GET" && request.method != "HEAD";
        const auto level = here.status >= 500 && !here.expected ? base::LogLevel::warning
                           : changes                            ? base::LogLevel::info
                                                                : base::LogLevel::debug;
        base::log_event(level, "http_request",
                        {{"method", request.method},
                         {"route", here.route},
                         {"status", here.status},
                         {"ms", static_cast<long long>(took.count() / 1000)},
                         {"address", here.address},
                         {"request", request.request_id}});
    }

    static void dress(httplib::Response& response, int status) {
        passage->status = status;
        response.status = status;
        response.reason = std::string(status_phrase(status));
        response.set_header("X-Request-Id", passage->request.request_id);
        response.set_header("Cache-Control", "no-store");
        response.set_header("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : passage->rates.headers()) {
            response.set_header(name, value);
        }
    }

    static void answer_problem(httplib::Response& response, const Problem& problem) {
        dress(response, problem.status);
        if (problem.retry_after_s) {
            response.set_header("Retry-After", std::to_string(*problem.retry_after_s));
        }
        if (!problem.allow.empty()) response.set_header("Allow", problem.allow);
        if (problem.status == 401) response.set_header("WWW-Authenticate", "Bearer");
        response.set_content(problem_body(problem, passage->request.request_id),
                             "application/problem+json");
    }

    static void on_throw(httplib::Response& response, const std::exception_ptr& thrown) {
        std::string what = "unknown";
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& error) {
            what = error.what();
        } catch (...) {
            what = "not a std::exception";
        }
        base::log_event(
            base::LogLevel::error, "route_threw",
            {{"route", passage->route}, {"request", passage->request.request_id}, {"what", what}});
        answer_problem(response, problem_of_error({.kind = base::ErrorKind::internal}));
    }

    /// No route took it: the path is unknown, or known for other methods.
    void on_unrouted(const httplib::Request& request, httplib::Response& response) {
        if (response.status != 404) {
            answer_problem(response, problem_of_status(400, "The request could not be read."));
            return;
        }
        std::string allow;
        for (const auto& [method, expression] : matchers_) {
            if (!std::regex_match(request.path, expression)) continue;
            allow += (allow.empty() ? "" : ", ") + method;
        }
        auto entered = entry_.charge_stray(passage->address);
        passage->rates = std::move(entered.rates);
        if (entered.refused) return answer_problem(response, *entered.refused);
        Problem problem = problem_of_status(allow.empty() ? 404 : 405,
                                            allow.empty() ? "There is nothing at this path."
                                                          : "This path takes " + allow + " only.");
        problem.allow = allow;
        answer_problem(response, problem);
    }

    void serve(const AccessRule& rule, const RouteHandler& handler, const httplib::Request& request,
               httplib::Response& response) {
        passage->route = rule.pattern;
        Exchange exchange{.request = passage->request,
                          .path = {},
                          .query = {request.params.begin(), request.params.end()},
                          .stop = passage->stop,
                          .address = passage->address,
                          .principal = {},
                          .effect_id = {},
                          .lease = {},
                          .target = {}};
        for (std::size_t i = 1; i < request.matches.size(); ++i) {
            exchange.path.push_back(request.matches[i]);
        }
        auto entered = entry_.enter(rule, exchange);
        passage->rates = std::move(entered.rates);
        if (entered.refused) {
            // What a budget refuses is counted by the metrics only: a line of the audit log stays
            // for ever, and a program that runs wild would write thousands.
            if (!entered.over_budget) note_write(rule, exchange, entered.refused->status);
            return answer_problem(response, *entered.refused);
        }
        if (is_webhook(rule)) {
            exchange.guessed_too_often = entry_.guessed_too_often(exchange.address);
        }
        OutsideGate::Pass pass(nullptr, nullptr);
        if (rule.reach == Reach::outside) {
            pass = gate_.try_enter();
            if (!pass) return come_later(response);
        }
        Outcome outcome = run_noted(rule, handler, exchange);
        if (!outcome) {
            passage->expected = outcome.error().expected;
            if (outcome.error().status >= 500) log_failure(rule, outcome.error());
            if (is_guess(rule, outcome.error().status)) {
                auto away = entry_.note_webhook_guess(passage->address);
                if (away.refused) {
                    passage->rates = std::move(away.rates);
                    return answer_problem(response, *away.refused);
                }
            }
            return answer_problem(response, outcome.error());
        }
        if (outcome->park) {
            passage->park = std::move(outcome->park);
            passage->kept = std::move(outcome->kept);
            return;
        }
        passage->stream = std::move(outcome->stream);
        dress(response, outcome->status);
        for (const auto& [name, value] : outcome->headers) response.set_header(name, value);
        if (outcome->status != 204) response.set_content(outcome->body, outcome->content_type);
    }

    static bool is_webhook(const AccessRule& rule) { return rule.pattern.starts_with("/hooks/"); }
    /// Telegram is told neither for a living bot: an id that nobody has is a guess like a secret.
    static bool is_guess(const AccessRule& rule, int status) {
        return is_webhook(rule) &&
               (status == 401 || (status == 404 && rule.pattern.starts_with("/hooks/telegram/")));
    }

    Outcome run_noted(const AccessRule& rule, const RouteHandler& handler, Exchange& exchange) {
        try {
            bool replayed = false;
            Outcome outcome = changes(rule) && exchange.principal
                                  ? writes_.run(exchange, handler, replayed)
                                  : handler(exchange);
            const bool parked = outcome && outcome->park;
            // An API token that is shown once more is an act, though none is made.
            const bool shows_secret = rule.method == "POST" && rule.pattern == "/api/auth/tokens";
            if (!parked && (!replayed || shows_secret)) {
                note_write(rule, exchange, outcome ? outcome->status : outcome.error().status);
            }
            return outcome;
        } catch (...) {
            note_write(rule, exchange, 500);
            throw;
        }
    }

    /// A line of the audit log for a write of somebody we know. The write itself has happened or
    /// was refused by now: a log that cannot be written is an error of ours, not of the caller.
    void note_write(const AccessRule& rule, const Exchange& exchange, int status) {
        if (!changes(rule) || !exchange.principal) return;
        const auto noted = audit_.append(audit_entry(rule, exchange, status));
        if (noted) return;
        base::log_event(base::LogLevel::error, "audit_failed",
                        {{"route", rule.pattern},
                         {"request", exchange.request.request_id},
                         {"user", exchange.principal->user_id.text()},
                         {"message", noted.error().message}});
    }

    static store::AuditEntry audit_entry(const AccessRule& rule, const Exchange& exchange,
                                         int status) {
        const auto& principal = *exchange.principal;
        std::string target = exchange.target;
        // What is no id may be anything, also what somebody pasted by mistake.
        if (target.empty() && !exchange.path.empty() && base::is_uuid(exchange.path.front())) {
            target = exchange.path.front();
        }
        return {.actor = principal.session_id.empty() ? store::AuditActor::token
                                                      : store::AuditActor::user,
                .user_id = principal.user_id,
                .actor_name = principal.email,
                .token_id = principal.token_id,
                .session_id = principal.session_id,
                .service_user_id = principal.service_user_id,
                .action = std::string(rule.method) + " " + std::string(rule.pattern),
                .target = std::move(target),
                .address = exchange.address,
                .outcome = status,
                .request_id = exchange.request.request_id};
    }

    /// All slots for waiting on others are taken: the request waits for one without a thread.
    void come_later(httplib::Response& response) {
        const auto waited = SteadyClock::now() - passage->request.received_at;
        if (waited < longest_gate_wait) {
            auto place = gate_.line_up();
            passage->park = [place](std::function<void()> wake) { place->wait(std::move(wake)); };
            passage->park_at_most =
                std::chrono::ceil<std::chrono::milliseconds>(longest_gate_wait - waited);
            passage->kept = std::move(place);
            return;
        }
        Problem problem = problem_of_status(503, "Too many requests wait for other services.");
        problem.retry_after_s = 5;
        answer_problem(response, problem);
    }

    static void log_failure(const AccessRule& rule, const Problem& problem) {
        if (problem.expected) return;
        // A 503 is another's trouble; a 500 is a fault of ours.
        base::log_event(
            problem.status == 500 ? base::LogLevel::error : base::LogLevel::warning,
            "request_failed",
            {{"route", rule.pattern},
             {"status", problem.status},
             {"code", problem.code},
             {"detail", problem.log_detail.empty() ? problem.detail : problem.log_detail},
             {"request", passage->request.request_id}});
    }

    const RouterOptions options_;
    Entry entry_;
    const IdempotentWrites& writes_;
    store::AuditLog& audit_;
    Metrics& metrics_;
    OutsideGate gate_;
    std::set<std::pair<std::string, std::string>> added_;
    std::vector<std::pair<std::string, std::regex>> matchers_;
};

}  // namespace

std::unique_ptr<Router> make_router(RouterOptions options, const Authenticator& authenticator,
                                    RateGate& rates, const IdempotentWrites& writes,
                                    store::AuditLog& audit, Metrics& metrics) {
    return std::make_unique<HttplibRouter>(std::move(options), authenticator, rates, writes, audit,
                                           metrics);
}

}  // namespace hatchery::api
