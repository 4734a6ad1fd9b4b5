{# The days an incremental model builds: all of them the first time; later those that are new, were not over when
   they were built, changed since then, or were asked for by name.

   `subject`: relation of what is built a day at a time, with camera_id and `key`.
   `changes`: {kind of change in int_changed_days: column of `subject` it is about}. #}
{% macro days_to_build(subject, key, changes) %}
select
    subject.camera_id,
    {% if key != 'camera_id' %}subject.{{ key }},{% endif %}

    days.time_zone,
    days.day,
    days.day_start_at,
    days.day_stop_at
from {{ subject }} as subject
inner join {{ ref('int_camera_days') }} as days on subject.camera_id = days.camera_id
{% if is_incremental() %}
left join (
    select {{ key }}, day, min(start_at) as start_at, min(built_at) as built_at from {{ this }} group by {{ key }}, day
) as built on subject.{{ key }} = built.{{ key }} and days.day = built.day
{% for kind, column in changes.items() %}
left join {{ ref('int_changed_days') }} as {{ kind }}
    on {{ kind }}.subject_kind = '{{ kind }}' and {{ kind }}.subject_id = subject.{{ column }}
    and {{ kind }}.day = days.day
{% endfor %}
where
    built.built_at is null
    or built.built_at < days.day_stop_at
    -- its camera's time zone was changed
    or built.start_at <> days.day_start_at
    {% for kind in changes %}
    or {{ kind }}.changed_at >= built.built_at
    {% endfor %}
    {% if var('from_day') and var('to_day') %}
    or days.day between '{{ var("from_day") }}' and '{{ var("to_day") }}'
    {% endif %}
{% endif %}
{% endmacro %}


{# Runs of days without a gap, so that each is read at once. `days`: relation as `days_to_build` gives. #}
{% macro runs_of_days(days, key) %}
select
    {{ key }},
    time_zone,
    min(day_start_at) as start_at,
    max(day_stop_at) as stop_at
from (
    select
        {{ key }}, time_zone, day_start_at, day_stop_at,
        day - (row_number() over (partition by {{ key }} order by day))::int as run
    from {{ days }}
) as numbered
group by {{ key }}, time_zone, run
{% endmacro %}


{# What passed on some days of processors: start < ts <= stop, as everywhere. `before`: how much of the day before is
   read, too, and given to the same day.

   Read a day at a time: a join on the day of each event is a product of all events and all days whenever the planner
   expects few of them, and it knows little of days that are being made. OFFSET 0 keeps the query as it stands. #}
{% macro passed_on(days, before='0 minutes') %}
select
    days.processor_id,
    days.day,
    days.day_start_at,
    events.zone,
    events.track_id,
    events.event_kind,
    events.people_count,
    events.dwell_s,
    events.ts
from {{ days }} as days
cross join lateral (
    select * from {{ ref('stg_events') }} as happened
    where
        happened.processor_id = days.processor_id
        and happened.ts > days.day_start_at - interval '{{ before }}' and happened.ts <= days.day_stop_at
        and happened.event_kind <> 'count'
    offset 0
) as events
{% endmacro %}


{# What is gone is forgotten: processors and cameras that were purged, as their events were, and days that a camera has
   no more since its time zone was changed. Days whose events were dropped for their age stay as they were built. #}
{% macro forget_gone(key, model) %}
{% if is_incremental() %}
delete from {{ this }} where {{ key }} not in (select {{ key }} from {{ ref(model) }});
delete from {{ this }} as built
using (
    select known.camera_id, known.day
    from (select distinct camera_id, day from {{ this }}) as known
    inner join (select distinct camera_id, time_zone from {{ ref('int_camera_days') }}) as cameras
        on known.camera_id = cameras.camera_id
    left join {{ ref('int_camera_days') }} as days on known.camera_id = days.camera_id and known.day = days.day
    where
        days.day is null
        and rollup.local_midnight(known.day, cameras.time_zone) >= coalesce(
            (select max(at) from {{ source('hypersight', 'kept_from') }}), '-infinity'
        )
) as gone
where built.camera_id = gone.camera_id and built.day = gone.day
{% endif %}
{% endmacro %}


{% macro quoted(words) %}{% for word in words %}'{{ word }}'{% if not loop.last %}, {% endif %}{% endfor %}{% endmacro %}


{# Share of a time that was watched, 0 to 1. #}
{% macro share(watched_s, bucket_s) %}least(1.0, {{ watched_s }} / nullif({{ bucket_s }}, 0))::float8{% endmacro %}
