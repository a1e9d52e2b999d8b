#include "store/pg_machine_allocations.hpp"

#include "base/json_value.hpp"
#include "store/touched.hpp"

namespace hatchery::store {

namespace {

using base::Result;
using ports::Allocation;

const std::string columns_of_allocation =
    " a.number, a.state, a.name, a.labels, a.authorized_key, a.machine, a.host, a.port,"
    " a.host_key, a.region, a.type, a.price_monthly, a.price_hourly, a.price_currency,"
    " a.created_at, a.tries, a.trouble,"
    " CASE WHEN a.state = 'wiping' THEN coalesce(a.wiping_since, a.next_try_at) END ";
constexpr std::string_view name_is_used =
    "SELECT EXISTS (SELECT 1 FROM machine_allocations WHERE name = $1)";
constexpr std::string_view first_free = R"(
    SELECT c.position FROM unnest(CAST($1 AS text[]), CAST($2 AS text[]), CAST($3 AS integer[]))
        WITH ORDINALITY AS c (machine, host, port, position)
    WHERE NOT EXISTS (SELECT 1 FROM machine_allocations a
                      WHERE a.machine = c.machine OR (a.host = c.host AND a.port = c.port))
    ORDER BY c.position LIMIT 1)";
// Numbers of one machine follow one another, since it is wiped in between.
const std::string insert_statement = R"(
    INSERT INTO machine_allocations AS a
        (number, state, name, labels, authorized_key, machine, host, port, host_key, region, type,
         price_monthly, price_hourly, price_currency, created_at, tries, next_try_at)
    VALUES (CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint), 'preparing', $1,
            CAST($2 AS json), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(), 1,
            now() + $13 * interval '1 millisecond')
    ON CONFLICT DO NOTHING RETURNING )" +
                                     columns_of_allocation;
constexpr std::string_view prepared_statement = R"(
    UPDATE machine_allocations SET state = 'in_use', trouble = ''
    WHERE number = $1 AND tries = $2 AND state = 'preparing')";
constexpr std::string_view failed_statement = R"(
    UPDATE machine_allocations
    SET trouble = $3, next_try_at = now() + $4 * interval '1 millisecond'
    WHERE number = $1 AND tries = $2 AND state <> 'in_use')";
constexpr std::string_view give_up_statement = R"(
    UPDATE machine_allocations
    SET state = 'wiping', name = NULL, trouble = $3, next_try_at = now(), wiping_since = now()
    WHERE number = $1 AND tries = $2 AND state = 'preparing')";
constexpr std::string_view give_back_statement = R"(
    UPDATE machine_allocations SET state = 'wiping', next_try_at = now(), trouble = '', wiping_since = now()
    WHERE number = $1 AND state <> 'wiping')";
constexpr std::string_view wiped_statement =
    "DELETE FROM machine_allocations WHERE number = $1 AND tries = $2 AND state = 'wiping'";
constexpr std::string_view forget_statement =
    "DELETE FROM machine_allocations WHERE number = $1 AND state = 'wiping'";
const std::string begin_try_statement = R"(
    UPDATE machine_allocations a
    SET tries = a.tries + 1, next_try_at = now() + $2 * interval '1 millisecond',
        wiping_since = CASE WHEN a.state = 'wiping' THEN coalesce(a.wiping_since, now()) END
    WHERE a.number = (
        SELECT due.number FROM machine_allocations due
        WHERE due.state <> 'in_use' AND due.next_try_at <= now()
          AND due.machine = ANY (CAST($1 AS text[]))
        ORDER BY due.next_try_at FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING )" + columns_of_allocation;
const std::string find_statement =
    "SELECT" + columns_of_allocation + "FROM machine_allocations a WHERE a.name = $1";
const std::string get_statement =
    "SELECT" + columns_of_allocation + "FROM machine_allocations a WHERE a.number = $1";
const std::string list_statement =
    "SELECT" + columns_of_allocation + "FROM machine_allocations a ORDER BY a.number";

std::string labels_text(const std::map<std::string, std::string>& labels) {
    base::Json object = base::Json::object();
    for (const auto& [key, value] : labels) object[key] = value;
    return base::dump_json(object);
}

std::map<std::string, std::string> read_labels(const std::string& text) {
    std::map<std::string, std::string> labels;
    const auto object = base::parse_json(text);
    if (!object || !object->is_object()) return labels;
    for (const auto& [key, value] : object->items()) {
        if (value.is_string()) labels[key] = value.get<std::string>();
    }
    return labels;
}

Allocation read(const Rows::Row& row) {
    return {.number = row.integer(0),
            .state = row.enumerator<ports::AllocationState>(1),
            .request = {.name = row.text_or_empty(2),
                        .labels = read_labels(row.text(3)),
                        .authorized_key = row.text(4)},
            .facts = {.machine = row.text(5),
                      .host = row.text(6),
                      .port = static_cast<std::uint16_t>(row.integer(7)),
                      .host_key = row.text(8),
                      .region = row.text(9),
                      .type = row.text(10),
                      .price_monthly = row.text(11),
                      .price_hourly = row.text(12),
                      .price_currency = row.text(13)},
            .created_at = row.time(14),
            .tries = row.integer(15),
            .trouble = row.text(16),
            .wiping_since = row.optional_time(17)};
}

std::optional<Allocation> read_first(const Rows& rows) {
    return rows.empty() ? std::nullopt : std::optional(read(rows[0]));
}

class PgMachineAllocations final : public ports::MachineAllocations {
public:
    explicit PgMachineAllocations(Database& database) : database_(database) {}

    Result<std::optional<Allocation>> allocate(const ports::AllocationRequest& request,
                                               std::span<const ports::MachineFacts> candidates,
                                               base::Milliseconds hold) override {
        // Each round that takes none was overtaken by another process, which took one.
        for (std::size_t round = 0; round <= candidates.size() + 1; ++round) {
            bool overtaken = false;
            auto taken = take_one(request, candidates, hold, overtaken);
            if (!taken || *taken || !overtaken) return taken;
        }
        return std::nullopt;
    }

    Result<bool> prepared(std::int64_t number, std::int64_t tries) override {
        return touched(database_, prepared_statement, {number, tries});
    }

    Result<void> failed(std::int64_t number, std::int64_t tries, const std::string& trouble,
                        base::Milliseconds pause) override {
        return write(database_, failed_statement,
                     {number, tries, trouble, static_cast<std::int64_t>(pause.count())});
    }

    Result<void> give_up(std::int64_t number, std::int64_t tries,
                         const std::string& trouble) override {
        return write(database_, give_up_statement, {number, tries, trouble});
    }

    Result<void> give_back(std::int64_t number) override {
        return write(database_, give_back_statement, {number});
    }

    Result<bool> wiped(std::int64_t number, std::int64_t tries) override {
        return touched(database_, wiped_statement, {number, tries});
    }

    Result<bool> forget(std::int64_t number) override {
        return touched(database_, forget_statement, {number});
    }

    Result<std::optional<Allocation>> begin_try(std::span<const std::string> machines,
                                                base::Milliseconds hold) override {
        return one(begin_try_statement,
                   {array_text(machines), static_cast<std::int64_t>(hold.count())});
    }

    Result<std::optional<Allocation>> find(const std::string& name) override {
        return one(find_statement, {name});
    }

    Result<std::optional<Allocation>> get(std::int64_t number) override {
        return one(get_statement, {number});
    }

    Result<std::vector<Allocation>> list() override {
        return database_.run([&](Sql& sql) -> Result<std::vector<Allocation>> {
            const Rows rows = sql.query(list_statement);
            std::vector<Allocation> all;
            for (std::size_t i = 0; i < rows.size(); ++i) all.push_back(read(rows[i]));
            return all;
        });
    }

private:
    Result<std::optional<Allocation>> take_one(const ports::AllocationRequest& request,
                                               std::span<const ports::MachineFacts> candidates,
                                               base::Milliseconds hold, bool& overtaken) {
        std::vector<std::string> machines;
        std::vector<std::string> hosts;
        std::vector<std::int64_t> ports;
        for (const auto& candidate : candidates) {
            machines.push_back(candidate.machine);
            hosts.push_back(candidate.host);
            ports.push_back(candidate.port);
        }
        return database_.transact([&](Sql& sql) -> Result<std::optional<Allocation>> {
            overtaken = false;
            if (sql.query(name_is_used, {request.name})[0].boolean(0)) {
                return base::fail({.kind = base::ErrorKind::conflict,
                                   .effect = base::Effect::none,
                                   .message = "A machine is lent out under the name " +
                                              request.name + " already.",
                                   .next_action = "Look it up and adopt it.",
                                   .code = "uniqueness_error"});
            }
            const Rows free =
                sql.query(first_free, {array_text(machines), array_text(hosts), array_text(ports)});
            if (free.empty()) return std::nullopt;
            const auto& facts = candidates[static_cast<std::size_t>(free[0].integer(0) - 1)];
            const Rows made =
                sql.query(insert_statement,
                          {request.name, labels_text(request.labels), request.authorized_key,
                           facts.machine, facts.host, static_cast<int>(facts.port), facts.host_key,
                           facts.region, facts.type, facts.price_monthly, facts.price_hourly,
                           facts.price_currency, static_cast<std::int64_t>(hold.count())});
            overtaken = made.empty();
            return read_first(made);
        });
    }

    Result<std::optional<Allocation>> one(std::string_view statement,
                                          std::initializer_list<Param> params) {
        return database_.run([&](Sql& sql) -> Result<std::optional<Allocation>> {
            return read_first(sql.query(statement, params));
        });
    }

    Database& database_;
};

}  // namespace

std::unique_ptr<ports::MachineAllocations> make_pg_machine_allocations(Database& database) {
    return std::make_unique<PgMachineAllocations>(database);
}

}  // namespace hatchery::store
