#include "store/key_rotation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/secret_rows.hpp"

namespace hatchery::store {

namespace {

constexpr int page_size = 200;

constexpr std::string_view uses_by_key =
    "SELECT key_id, count(*) FROM sealed_secrets GROUP BY key_id ORDER BY key_id";
constexpr std::string_view sample_of_each_key = R"(
    SELECT DISTINCT ON (key_id) owner, owner_id, name, key_id, sealed
    FROM sealed_secrets ORDER BY key_id)";
/// Walked by primary key, so that rows which cannot be opened are passed once.
constexpr std::string_view next_page = R"(
    SELECT owner, owner_id, name, key_id, sealed FROM sealed_secrets
    WHERE key_id <> $1 AND (owner, owner_id, name) > ($2, $3::uuid, $4)
    ORDER BY owner, owner_id, name LIMIT $5::bigint)";
constexpr std::string_view replace_sealed = R"(
    UPDATE sealed_secrets SET key_id = $6, sealed = $7, updated_at = $8
    WHERE owner = $1 AND owner_id = $2 AND name = $3 AND key_id = $4 AND sealed = $5)";

struct StoredSecret {
    ports::SecretRef ref;
    ports::SecretBox::Sealed sealed;
};

StoredSecret read_stored(const Rows::Row& row) {
    return {.ref = {.owner = row.enumerator<ports::SecretOwner>(0),
                    .owner_id = row.text(1),
                    .name = row.text(2)},
            .sealed = {.key_id = row.text(3), .text = row.text(4)}};
}

base::Result<std::vector<StoredSecret>> read_page(Database& database, const std::string& key_id,
                                                  const StoredSecret* last) {
    return database.run([&](Sql& sql) -> base::Result<std::vector<StoredSecret>> {
        const Rows rows =
            last == nullptr
                ? sql.query(next_page,
                            {key_id, "", "00000000-0000-0000-0000-000000000000", "", page_size})
                : sql.query(next_page, {key_id, last->ref.owner, last->ref.owner_id, last->ref.name,
                                        page_size});
        std::vector<StoredSecret> page;
        for (std::size_t i = 0; i < rows.size(); ++i) page.push_back(read_stored(rows[i]));
        return page;
    });
}

/// False when it could not be opened; a row that changed meanwhile needs nothing more.
base::Result<bool> reseal(Database& database, ports::SecretBox& box, const StoredSecret& stored,
                          base::TimePoint now) {
    const std::string binding = binding_of(stored.ref);
    const auto plain = box.open(stored.sealed, binding);
    if (!plain) return false;
    const auto fresh = box.seal(*plain, binding);
    return database.run([&](Sql& sql) -> base::Result<bool> {
        (void)sql.query(replace_sealed,
                        {stored.ref.owner, stored.ref.owner_id, stored.ref.name,
                         stored.sealed.key_id, stored.sealed.text, fresh.key_id, fresh.text, now});
        return true;
    });
}

base::Error does_not_open(const std::string& key_id, bool present) {
    base::Error error;
    error.kind = base::ErrorKind::invalid;
    if (present) {
        error.message =
            fmt::format("Secrets that the master key {} sealed do not open with it.", key_id);
        error.next_action =
            "The database was changed behind Hatchery's back; restore it from a back-up.";
    } else {
        error.message = fmt::format(
            "HATCHERY_MASTER_KEY lacks the key {}, which has sealed secrets in this database.",
            key_id);
        error.next_action =
            "Add that key behind the first one; when `hatchery keys rotate` has run, it can go.";
    }
    return error;
}

}  // namespace

base::Result<std::vector<KeyUse>> key_uses(Database& database, const ports::SecretBox& box) {
    const auto ring = box.key_ids();
    return database.run([&](Sql& sql) -> base::Result<std::vector<KeyUse>> {
        std::vector<KeyUse> uses;
        for (const auto& id : ring) {
            uses.push_back({.key_id = id, .present = true, .seals = id == ring.front()});
        }
        const Rows rows = sql.query(uses_by_key);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto known = std::ranges::find(uses, rows[i].text(0), &KeyUse::key_id);
            if (known != uses.end()) {
                known->secrets = rows[i].integer(1);
            } else {
                uses.push_back({.key_id = rows[i].text(0), .secrets = rows[i].integer(1)});
            }
        }
        return uses;
    });
}

base::Result<void> check_keys(Database& database, ports::SecretBox& box) {
    const auto samples = database.run([](Sql& sql) -> base::Result<std::vector<StoredSecret>> {
        const Rows rows = sql.query(sample_of_each_key);
        std::vector<StoredSecret> found;
        for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(read_stored(rows[i]));
        return found;
    });
    if (!samples) return base::fail(samples.error());
    const auto ring = box.key_ids();
    for (const auto& [ref, sealed] : *samples) {
        if (box.open(sealed, binding_of(ref))) continue;
        const bool present = std::ranges::find(ring, sealed.key_id) != ring.end();
        return base::fail(does_not_open(sealed.key_id, present));
    }
    return {};
}

base::Result<RotationReport> rotate_keys(Database& database, ports::SecretBox& box,
                                         const base::Clock& clock,
                                         const std::function<void(std::int64_t)>& progress) {
    const std::string key_id = box.key_ids().front();
    RotationReport report;
    std::vector<StoredSecret> page;
    while (true) {
        auto next = read_page(database, key_id, page.empty() ? nullptr : &page.back());
        if (!next) return base::fail(std::move(next).error());
        if (next->empty()) return report;
        page = *std::move(next);
        for (const auto& stored : page) {
            const auto done = reseal(database, box, stored, clock.now());
            if (!done) return base::fail(done.error());
            ++(*done ? report.resealed : report.unopened);
        }
        progress(report.resealed);
    }
}

}  // namespace hatchery::store
