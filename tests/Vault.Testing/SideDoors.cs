using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace Vault.Testing;

/// <summary>
/// Listens at everything by which a process tells what it does, beside its log: activities of every source, measurements of every meter,
/// event sources of the platform and diagnostic listeners.
/// </summary>
public sealed class SideDoors : IDisposable
{
    private readonly ConcurrentQueue<string> _told = new();
    private readonly ConcurrentQueue<IDisposable> _subscriptions = new();
    private readonly ActivityListener _activities;
    private readonly MeterListener _meters;
    private readonly Events _events;

    /// <summary>Begins to listen.</summary>
    public SideDoors()
    {
        _activities = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => Tell("activity", activity.Source.Name + " " + activity.DisplayName + " " + activity.StatusDescription, [
                .. activity.TagObjects, .. activity.Baggage.Select(item => KeyValuePair.Create(item.Key, (object?)item.Value)),
                .. activity.Events.SelectMany(item => item.Tags)]),
        };
        ActivitySource.AddActivityListener(_activities);

        _meters = new MeterListener { InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument) };
        Measure<long>();
        Measure<int>();
        Measure<double>();
        _meters.Start();

        _subscriptions.Enqueue(DiagnosticListener.AllListeners.Subscribe(new Observer<DiagnosticListener>(listener =>
            _subscriptions.Enqueue(listener.Subscribe(new Observer<KeyValuePair<string, object?>>(item => Tell("diagnostic", listener.Name + " " + item.Key, Properties(item.Value))))))));
        _events = new Events(_told);
    }

    /// <summary>Everything that was told.</summary>
    public IReadOnlyList<string> Told
    {
        get
        {
            _meters.RecordObservableInstruments();
            return [.. _told];
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _events.Dispose();
        _meters.Dispose();
        _activities.Dispose();
        foreach (var subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> Properties(object? value)
    {
        yield return KeyValuePair.Create("value", value);
        foreach (var property in value?.GetType().GetProperties().Where(property => property.GetIndexParameters().Length == 0) ?? [])
        {
            object? content;
            try
            {
                content = property.GetValue(value);
            }
            catch (System.Reflection.TargetInvocationException)
            {
                continue;
            }

            yield return KeyValuePair.Create(property.Name, content);
        }
    }

    private void Measure<T>()
        where T : struct => _meters.SetMeasurementEventCallback<T>((instrument, measurement, tags, _) => Tell("meter", instrument.Name + " " + measurement, tags.ToArray()));

    private void Tell(string kind, string what, IEnumerable<KeyValuePair<string, object?>> values) =>
        _told.Enqueue($"{kind} {what} {string.Join(' ', values.Select(pair => $"{pair.Key}={pair.Value}"))}");

    private sealed class Observer<T>(Action<T> next) : IObserver<T>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(T value) => next(value);
    }

    private sealed class Events : EventListener
    {
        private readonly ConcurrentQueue<string>? _told;

        public Events(ConcurrentQueue<string> told)
        {
            _told = told;
            foreach (var source in EventSource.GetSources())
            {
                OnEventSourceCreated(source);
            }
        }

        // Private.InternalDiagnostics.* prints whole headers by design: the program runs without event sources (Vault.Api.csproj).
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (_told is not null && (eventSource.Name.StartsWith("System.Net.", StringComparison.Ordinal) || eventSource.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                || eventSource.Name.StartsWith("Microsoft-AspNetCore", StringComparison.Ordinal) || eventSource.Name.StartsWith("Yarp", StringComparison.Ordinal)
                || eventSource.Name.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)))
            {
                EnableEvents(eventSource, EventLevel.LogAlways, EventKeywords.All);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) =>
            _told?.Enqueue($"event {eventData.EventSource.Name} {eventData.EventName} {string.Join(' ', eventData.Payload ?? (IEnumerable<object?>)[])}");
    }
}
