#include "app/doctor.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>

#include "base/enum_text.hpp"
#include "base/json_value.hpp"
#include "bundles/local_bundles.hpp"
#include "crypto/key_ring.hpp"
#include "net/certificate.hpp"
#include "net/http_date.hpp"
#include "providers/digitalocean/digitalocean_provider.hpp"
#include "providers/hetzner/hetzner_provider.hpp"
#include "remote/ssh_remote_host.hpp"
#include "store/diagnosis.hpp"
#include "store/key_rotation.hpp"
#include "store/migrations.hpp"
#include "store/pg_worker_registry.hpp"

template <>
struct hatchery::base::EnumNames<hatchery::app::Health> {
    using E = hatchery::app::Health;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::ok, "ok"}, {E::warn, "warn"}, {E::fail, "fail"}});
};

namespace hatchery::app {

namespace {

using namespace std::chrono_literals;

constexpr auto check_limit = 10s;

/// The examination as it goes: each check adds its findings.
class Examination {
public:
    Examination(const config::Loaded& loaded, cli::Context& context)
        : loaded_(loaded), config_(loaded.config), context_(context) {}

    std::vector<Finding> run() {
        check_configuration();
        check_database();
        check_providers();
        check_telegram();
        check_public_url();
        check_sign_in();
        check_models();
        check_disk();
        return std::move(findings_);
    }

private:
    void ok(const std::string& check, std::string text) {
        findings_.push_back({check, Health::ok, std::move(text), {}});
    }
    void warn(const std::string& check, std::string text, std::string next) {
        findings_.push_back({check, Health::warn, std::move(text), std::move(next)});
    }
    void fail(const std::string& check, std::string text, std::string next) {
        findings_.push_back({check, Health::fail, std::move(text), std::move(next)});
    }
    void fail(const std::string& check, const base::Error& error, const std::string& otherwise) {
        fail(check, error.message, error.next_action.empty() ? otherwise : error.next_action);
    }

    void check_configuration() {
        for (const auto& problem : loaded_.problems) {
            fail("configuration", problem.where + " " + problem.message,
                 "Set it in the environment or in .env; docs/operating.md says what it means.");
        }
        for (const auto& warning : loaded_.warnings) {
            warn("configuration", warning.where + " " + warning.message, "Correct it.");
        }
        if (findings_.empty()) ok("configuration", "complete");
    }

    void check_database() {
        if (config_.database_url.empty()) return;
        const auto database = store::make_database(
            {.url = config_.database_url, .pool_size = 1, .statement_timeout = check_limit});
        if (!database) {
            fail("database", database.error(), "Look at DATABASE_URL.");
            return;
        }
        // The first answer opens the connection: only the second tells how long one takes.
        if (const auto there = (*database)->ping(); !there) {
            fail("database", there.error(),
                 "Is PostgreSQL running there, and does it let this user in? DATABASE_URL says "
                 "where.");
            return;
        }
        const auto asked = context_.clock.now();
        const auto facts = store::database_facts(**database);
        const auto answered = context_.clock.now();
        if (!facts) {
            fail("database", facts.error(), "Look at PostgreSQL's log.");
            return;
        }
        describe_database(*facts, answered - asked);
        compare_clock("the database", facts->now, asked + (answered - asked) / 2, 0ms);
        check_schema(**database);
    }

    void describe_database(const store::DatabaseFacts& facts, std::chrono::microseconds took) {
        const std::string text = fmt::format(
            "PostgreSQL {}, answers in {}, {:.1f} MB, {} of {} connections used", facts.version,
            base::format_duration(took), static_cast<double>(facts.bytes) / 1e6, facts.connections,
            facts.max_connections);
        constexpr int oldest_known = 150'000;
        if (facts.version_number < oldest_known) {
            warn("database", text, "Hatchery is tested with PostgreSQL 15: upgrade it.");
        } else if (facts.max_connections - facts.connections < config_.database_connections / 2) {
            warn("database", text, "Raise max_connections of PostgreSQL.");
        } else if (took > 100ms) {
            warn("database", text, "Put Hatchery nearer to its database.");
        } else {
            ok("database", text);
        }
    }

    void check_schema(store::Database& database) {
        const auto current = store::schema_current(database);
        if (!current) {
            fail("schema", current.error(), "Run: hatchery migrate");
            return;
        }
        if (!*current) {
            fail("schema", "it is not the one of this program's version",
                 "Run: hatchery migrate; if it refuses, a newer version has been here: use that.");
            return;
        }
        ok("schema", "current");
        check_keys(database);
        check_workers(database);
        check_alarms(database);
    }

    void check_keys(store::Database& database) {
        if (config_.master_keys.empty()) return;
        const auto box = crypto::make_secret_box(config_.master_keys);
        if (!box) {
            fail("keys", box.error(), "Look at HATCHERY_MASTER_KEY.");
            return;
        }
        const auto opens = store::check_keys(database, **box);
        const auto uses = store::key_uses(database, **box);
        if (!opens || !uses) {
            fail("keys", opens ? uses.error() : opens.error(),
                 "Put the key that is missing into HATCHERY_MASTER_KEY, behind the first.");
            return;
        }
        std::int64_t secrets = 0;
        std::int64_t old = 0;
        for (const auto& use : *uses) {
            secrets += use.secrets;
            if (!use.seals) old += use.secrets;
        }
        const auto text = fmt::format("{} in HATCHERY_MASTER_KEY open all of {} secrets",
                                      config_.master_keys.size(), secrets);
        if (old == 0) {
            ok("keys", text);
        } else {
            warn("keys", fmt::format("{}; {} are sealed by an old one", text, old),
                 "Run: hatchery keys rotate");
        }
    }

    void check_workers(store::Database& database) {
        const auto workers = store::make_pg_worker_registry(database)->list();
        if (!workers) {
            fail("workers", workers.error(), "Look at PostgreSQL's log.");
            return;
        }
        const auto now = context_.clock.now();
        const auto alive = std::count_if(workers->begin(), workers->end(), [&](const auto& worker) {
            return now - worker.heartbeat_at < 20s;
        });
        if (alive > 0) {
            ok("workers", fmt::format("{} of {} alive", alive, workers->size()));
        } else {
            warn("workers", "no process takes jobs", "Start hatchery serve, or hatchery worker.");
        }
    }

    void check_alarms(store::Database& database) {
        const auto history = store::recent_history(database, 50);
        if (!history) return;
        bool any = false;
        for (const auto& alarm : base::json_member(*history, "alarms")) {
            if (!base::json_member(alarm, "cleared_at").is_null()) continue;
            any = true;
            warn("alarms", base::json_string(alarm, "cause"),
                 base::json_string(alarm, "next_action"));
        }
        if (!any) ok("alarms", "none is raised");
    }

    /// `precision` is how coarse the other clock was told.
    void compare_clock(const std::string& whose, base::TimePoint theirs, base::TimePoint ours,
                       base::Milliseconds precision) {
        const auto apart = std::chrono::abs(theirs - ours);
        const auto text = fmt::format("{} from {}'s", base::format_duration(apart), whose);
        const char* next = "Keep the clocks of all machines together, by NTP: timedatectl status";
        if (apart > 10s + precision) {
            fail("clock", text, next);
        } else if (apart > 2s + precision) {
            warn("clock", text, next);
        } else {
            ok("clock", text);
        }
    }

    void check_providers() {
        if (!config_.hetzner_token.empty()) {
            check_provider(*providers::make_hetzner_provider(
                               {.base_url = config_.hetzner_url, .token = config_.hetzner_token},
                               context_.http(), context_.clock),
                           "HETZNER");
        }
        if (!config_.digitalocean_token.empty()) {
            check_provider(
                *providers::make_digitalocean_provider(
                    {.base_url = config_.digitalocean_url, .token = config_.digitalocean_token},
                    context_.http(), context_.clock),
                "DIGITALOCEAN");
        }
        check_own_machines();
    }

    /// Logs in to each of the operator's own machines as a wipe would, and does nothing there.
    void check_own_machines() {
        if (config_.own_machines.empty()) return;
        const auto hosts = remote::make_ssh_remote_host();
        for (const auto& machine : config_.own_machines) {
            const std::string check = "machine " + machine.name;
            const auto done = hosts->exec(
                {.host = machine.host,
                 .port = machine.port,
                 .user = machine.user,
                 .host_keys = {machine.host_key},
                 .private_key = machine.private_key},
                {.command = machine.user == "root" ? "true" : "sudo -n true", .input = {}},
                base::Call::within(check_limit));
            if (!done) {
                fail(check, done.error(),
                     "Look at host, port, user, keyFile and hostKey of the machine in "
                     "HATCHERY_STATIC_SERVERS.");
            } else if (done->exit_code != 0) {
                fail(check, machine.user + " may not use sudo without a password there",
                     "Allow it in /etc/sudoers.d, or name root as the user.");
            } else {
                ok(check, "takes the key");
            }
        }
    }

    /// `prefix` of its variables, such as HETZNER.
    void check_provider(providers::CloudProvider& cloud, const std::string& prefix) {
        const std::string name = cloud.name();
        const auto offers = cloud.offers(base::Call::within(check_limit));
        if (!offers) {
            fail(name, offers.error(),
                 offers.error().kind == base::ErrorKind::unauthorized
                     ? "Make a read-and-write token there and put it into " + prefix + "_API_TOKEN."
                     : "Does this machine reach " + prefix + "_API_URL?");
            return;
        }
        if (config_.provider != name) {
            ok(name, "takes the token");
            return;
        }
        const auto usual = std::find_if(offers->begin(), offers->end(), [&](const auto& offer) {
            return offer.region == config_.region && offer.type == config_.server_type;
        });
        if (usual == offers->end()) {
            fail(name,
                 fmt::format("takes the token, but has no {} in {}", config_.server_type,
                             config_.region),
                 "Change HATCHERY_DEFAULT_SERVER_TYPE or HATCHERY_DEFAULT_REGION to what it has.");
        } else if (!usual->available) {
            warn(name,
                 fmt::format("takes the token; {} is out of stock in {}", usual->type,
                             usual->region),
                 "Name another region until it is there again.");
        } else {
            ok(name, fmt::format("takes the token; {} in {} for {} {} a month", usual->type,
                                 usual->region, usual->price_monthly, usual->price_currency));
        }
    }

    base::Result<ports::HttpResponse> get(const std::string& url) {
        return context_.http().send({.url = url, .max_response_bytes = 1U << 20U},
                                    base::Call::within(check_limit));
    }

    void check_telegram() {
        // Any answer shows the way; no bot has this token.
        const auto answer = get(config_.telegram_url + "/bot0:none/getMe");
        if (!answer) {
            fail("telegram", answer.error(),
                 "Does this machine reach TELEGRAM_API_URL? Look at DNS and the firewall.");
            return;
        }
        const auto body = base::parse_json(answer->body);
        if (!body || !body->is_object() || !body->contains("ok")) {
            fail("telegram",
                 fmt::format("{} answered with status {}, and not as Telegram does",
                             config_.telegram_url, answer->status),
                 "Look at TELEGRAM_API_URL, and whether a proxy stands in between.");
            return;
        }
        ok("telegram", "answers");
        const auto date = answer->headers.find("date");
        if (date == answer->headers.end()) return;
        const auto theirs = net::parse_http_date(date->second);
        if (theirs) compare_clock("Telegram", *theirs, context_.clock.now(), 1s);
    }

    void check_public_url() {
        if (config_.public_url.empty()) return;
        const auto answer = get(config_.public_url + "/healthz");
        const std::string next =
            "Is hatchery serve running, and does the proxy forward to it? Try: curl -v " +
            config_.public_url + "/healthz";
        if (!answer) {
            fail("public URL", answer.error(), next);
        } else if (answer->status != 200) {
            fail("public URL",
                 fmt::format("{} answers with status {}", config_.public_url, answer->status),
                 next);
        } else {
            ok("public URL", config_.public_url + " answers");
        }
        if (config_.public_url.starts_with("https:")) check_certificate();
    }

    void check_certificate() {
        const auto end =
            net::certificate_end(config_.public_url + "/", base::Call::within(check_limit));
        if (!end) {
            fail("certificate", end.error(),
                 "Telegram posts only to a certificate that it trusts: look at the proxy's.");
            return;
        }
        const auto left = *end - context_.clock.now();
        const auto days = std::chrono::floor<std::chrono::days>(left).count();
        const auto text = fmt::format("valid until {}, {} days", base::format_time(*end), days);
        if (left < 0s) {
            fail("certificate", text, "Renew it: Telegram delivers nothing.");
        } else if (days < 14) {
            warn("certificate", text, "Look why it is not renewed by itself.");
        } else {
            ok("certificate", text);
        }
    }

    void check_sign_in() {
        if (config_.google_client_id.empty()) {
            warn("sign-in", "nobody can sign in by a browser",
                 "Set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, if anybody should.");
            return;
        }
        const auto answer = get(config_.google_issuer_url + "/.well-known/openid-configuration");
        if (answer && answer->status == 200) {
            ok("sign-in", config_.google_issuer_url + " answers");
        } else if (answer) {
            fail(
                "sign-in",
                fmt::format("{} answers with status {}", config_.google_issuer_url, answer->status),
                "Look at GOOGLE_ISSUER_URL.");
        } else {
            fail("sign-in", answer.error(), "Does this machine reach GOOGLE_ISSUER_URL?");
        }
    }

    void check_models() {
        std::string have;
        using Named = std::pair<const char*, const base::Secret*>;
        for (const auto& [name, key] :
             {Named{"anthropic", &config_.anthropic_key}, Named{"openai", &config_.openai_key},
              Named{"google", &config_.google_ai_key}}) {
            if (!key->empty()) have += (have.empty() ? "" : ", ") + std::string(name);
        }
        if (have.empty()) {
            warn("model keys", "there are none of yours",
                 "Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GOOGLE_AI_API_KEY, or every bot must "
                 "bring its own.");
        } else {
            ok("model keys", "set, not tried: " + have);
        }
    }

    void check_disk() {
        if (config_.bundle_dir.empty()) return;
        const auto bundle =
            bundles::make_local_bundles(config_.bundle_dir, config_.openclaw_version)->current();
        if (bundle) {
            ok("bundle", fmt::format("OpenClaw {}, {:.0f} MB", bundle->version,
                                     static_cast<double>(bundle->bytes) / 1e6));
        } else {
            fail("bundle", bundle.error(), "Run: hatchery bundle build");
        }
        struct statvfs disk{};
        if (statvfs(config_.bundle_dir.c_str(), &disk) != 0) return;
        const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
        const auto text = fmt::format("{:.1f} GB free in {}", free / 1e9, config_.bundle_dir);
        if (free < 0.5e9) {
            fail("disk", text, "Make room: a bundle takes some 400 MB while it is made.");
        } else if (free < 2e9) {
            warn("disk", text, "Make room soon.");
        } else {
            ok("disk", text);
        }
    }

    const config::Loaded& loaded_;
    const config::Config& config_;
    cli::Context& context_;
    std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine(const config::Loaded& loaded, cli::Context& context) {
    return Examination(loaded, context).run();
}

base::Json findings_json(const std::vector<Finding>& findings) {
    base::Json items = base::Json::array();
    for (const auto& finding : findings) {
        items.push_back({{"check", finding.check},
                         {"health", std::string(base::to_text(finding.health))},
                         {"message", finding.text},
                         {"nextAction", finding.next}});
    }
    return items;
}

}  // namespace hatchery::app
